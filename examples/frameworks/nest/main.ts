import { setTimeout as pause } from 'node:timers/promises'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'Hello from NestJS\n'
  }

  @Get('slow')
  async slow(): Promise<string> {
    await pause(1_000)
    return 'A slow hello from NestJS\n'
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

const app = await NestFactory.create(HelloModule)
await app.listen(3000)
