"""The task that Celery is measured with. As a program: enqueues so many, and prints how long it took."""
import json
import os
import sys
import time

from celery import Celery

app = Celery('bench', broker=os.environ['BROKER'])
app.conf.task_ignore_result = True


@app.task(name='noop')
def noop(data):
    pass


if __name__ == '__main__':
    count = int(sys.argv[1])
    data = {'to': 'somebody@example.org', 'text': 'x' * 120}
    # Connects.
    noop.delay(data)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        noop.delay(data)
    print(json.dumps({'jobs': count, 'seconds': time.perf_counter() - began, 'cpuSeconds': time.process_time() - cpu}))
