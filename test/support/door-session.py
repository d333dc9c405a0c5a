"""A session of redis-py with every type. Gets the path of a Unix socket; prints "done", or fails with what was wrong."""
import sys
import threading

import redis


def check(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"expected {wanted!r}, got {actual!r}")


def check_error(text, call):
    try:
        call()
    except redis.RedisError as error:
        if text not in str(error):
            raise AssertionError(f"expected an error with {text!r}, got {error!r}") from error
        return
    raise AssertionError(f"expected an error with {text!r}")


def strings(r):
    check(r.set("text", "hello"), True)
    check(r.set("text", "no", nx=True), None)
    check(r.append("text", " you"), 9)
    check(r.getrange("text", 0, 4), b"hello")
    check(r.incr("number", 41), 41)
    check(r.incrbyfloat("number", 0.5), 41.5)
    check(r.mget("text", "missing"), [b"hello you", None])
    check(r.getdel("number"), b"41.5")
    every_byte = bytes(range(256))
    check(r.set(every_byte, every_byte, px=60000), True)
    check(r.get(every_byte), every_byte)
    check(50000 < r.pttl(every_byte) <= 60000, True)
    check(r.expire("text", 100), True)
    check(r.persist("text"), True)
    check(r.setbit("bits", 7, 1), 0)
    check(r.bitcount("bits"), 1)
    check(r.type("text"), b"string")
    check_error("Operation against a key holding the wrong kind of value", lambda: r.lpush("text", 1))


def collections(r):
    check(r.hset("hash", mapping={"a": 1, "b": 2}), 2)
    check(r.hgetall("hash"), {b"a": b"1", b"b": b"2"})
    check(r.hincrby("hash", "a", 2), 3)
    check(r.rpush("list", "a", "b", "c"), 3)
    check(r.lrange("list", 0, -1), [b"a", b"b", b"c"])
    check(r.linsert("list", "before", "b", "x"), 4)
    check(r.rpoplpush("list", "other"), b"c")
    check(r.sort("list", alpha=True, desc=True), [b"x", b"b", b"a"])
    check(r.sadd("set", "a", "b"), 2)
    check(r.sadd("set2", "b", "c"), 2)
    check(r.sinter("set", "set2"), {b"b"})
    check(r.smismember("set", "a", "x"), [1, 0])


def sorted_sets(r):
    check(r.zadd("board", {"one": 1, "two": 2.5, "most": float("inf")}), 3)
    check(r.zrange("board", 0, -1, withscores=True), [(b"one", 1.0), (b"two", 2.5), (b"most", float("inf"))])
    check(r.zincrby("board", 1, "one"), 2.0)
    check(r.zrevrank("board", "one"), 2)
    check(r.zrangebyscore("board", "(2", "+inf"), [b"two", b"most"])
    check(r.zpopmin("board"), [(b"one", 2.0)])
    check(r.zcount("board", "-inf", 3), 1)


def scans(r):
    with r.pipeline(transaction=False) as pipe:
        for i in range(300):
            pipe.set(f"scan:{i}", i).hset("large", f"f{i}", i).zadd("ranks", {f"m{i}": i})
        check(len(pipe.execute()), 900)
    check(len(set(r.scan_iter("scan:*", count=20))), 300)
    check(dict(r.hscan_iter("large"))[b"f299"], b"299")
    check(len(dict(r.zscan_iter("ranks", match="m1*"))), 111)


def transactions(r, other):
    with r.pipeline() as pipe:
        check(pipe.set("one", 1).incr("one").execute(), [True, 2])
    with r.pipeline() as pipe:
        pipe.watch("one")
        other.set("one", "changed")
        pipe.multi()
        pipe.set("one", "mine")
        check_error("Watched variable changed", pipe.execute)
    check(r.get("one"), b"changed")
    check(r.transaction(lambda pipe: (pipe.multi(), pipe.set("one", 5)), "one"), [True])


def messages(r, other):
    with r.pubsub() as listener:
        listener.subscribe("news")
        listener.psubscribe("n*")
        check([listener.get_message(timeout=5)["type"] for _ in range(2)], ["subscribe", "psubscribe"])
        check(other.publish("news", "hello"), 2)
        heard = [listener.get_message(timeout=5) for _ in range(2)]
        check([(each["type"], each["data"]) for each in heard], [("message", b"hello"), ("pmessage", b"hello")])
        check(other.pubsub_numsub("news"), [(b"news", 1)])


def waiting(r, other):
    timer = threading.Timer(0.05, lambda: other.rpush("queue", "job"))
    timer.start()
    check(r.blpop("queue", timeout=10), (b"queue", b"job"))
    timer.join()
    check(r.blpop("queue", timeout=0.05), None)
    timer = threading.Timer(0.05, lambda: other.zadd("waited", {"member": 7}))
    timer.start()
    check(r.bzpopmin("waited", timeout=10), (b"waited", b"member", 7.0))
    timer.join()


def connections(path, r):
    with redis.Redis(unix_socket_path=path, db=4, client_name="python", single_connection_client=True) as fourth:
        check(fourth.dbsize(), 0)
        fourth.set("here", 4)
        check(fourth.client_getname() in ("python", b"python"), True)
        check([each["name"] for each in r.client_list() if each["db"] == "4"], ["python"])
        fourth.flushdb()
    check(r.info("server")["redis_mode"], "standalone")
    check(r.info("keyspace")["db0"]["keys"], r.dbsize())
    check(r.config_set("maxmemory-policy", "allkeys-lru"), True)
    check(r.config_get("maxmemory-policy"), {"maxmemory-policy": "allkeys-lru"})
    check(r.command()["get"]["arity"], 2)
    check(len(r.time()), 2)
    check_error("unknown command 'NOSUCH'", lambda: r.execute_command("NOSUCH", "a"))
    check_error("without any password configured", lambda: r.execute_command("AUTH", "wrong"))


def main(path):
    r = redis.Redis(unix_socket_path=path)
    other = redis.Redis(unix_socket_path=path)
    r.flushall()
    strings(r)
    collections(r)
    sorted_sets(r)
    scans(r)
    transactions(r, other)
    messages(r, other)
    waiting(r, other)
    connections(path, r)
    print("done")


main(sys.argv[1])
