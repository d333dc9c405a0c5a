"""A to-do list: one page, and a JSON API for it. The list is in Redis, and so is its text as JSON, for a minute."""

import json
import os

import redis
from flask import Flask, Response, abort, jsonify, render_template, request

# The files of the page are sent by Saola, and never by Python.
app = Flask(__name__, static_folder=None)
store = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)

TITLE_LENGTH_MAX = 200
CACHED_SECONDS = 60


@app.get("/")
def page():
    return render_template("index.html", todos=todos_as_json())


@app.get("/health")
def health():
    store.ping()
    return Response("ok\n", mimetype="text/plain")


@app.get("/api/todos")
def list_todos():
    return Response(todos_as_json(), mimetype="application/json")


@app.post("/api/todos")
def add_todo():
    return jsonify(add([title_of(request.get_json())])[0]), 201


@app.post("/api/todos/import")
def import_todos():
    """A file of text, a to-do a line. However slowly it comes: Saola has all of it before a worker is asked."""
    titles = [line.strip() for line in request.get_data(as_text=True).splitlines()]
    added = add([title_of({"title": title}) for title in titles if title])
    return jsonify({"added": len(added)}), 201


@app.patch("/api/todos/<int:number>")
def change_todo(number):
    body = request.get_json()
    done = body.get("done") if isinstance(body, dict) else None
    if not isinstance(done, bool):
        abort(400, "done has to be true or false.")
    title = store.hget("todos", number) or abort(404, f"There is no to-do {number}.")
    change(lambda pipe: (pipe.sadd if done else pipe.srem)("todos:done", number))
    return jsonify(todo_of(number, title, done))


@app.delete("/api/todos/<int:number>")
def delete_todo(number):
    if not change(lambda pipe: pipe.hdel("todos", number).srem("todos:done", number)):
        abort(404, f"There is no to-do {number}.")
    return "", 204


@app.errorhandler(400)
@app.errorhandler(404)
def refuse(error):
    return jsonify({"error": error.description}), error.code


@app.errorhandler(redis.ConnectionError)
def unavailable(error):
    return jsonify({"error": "The list cannot be reached at the moment."}), 503


def title_of(todo):
    title = todo.get("title") if isinstance(todo, dict) else None
    if not isinstance(title, str) or not 0 < len(title.strip()) <= TITLE_LENGTH_MAX:
        abort(400, f"A to-do needs a title of up to {TITLE_LENGTH_MAX} characters.")
    return title.strip()


def todo_of(number, title, done):
    return {"number": number, "title": title, "done": done}


def add(titles):
    last = store.incrby("todos:last", len(titles))
    new = dict(enumerate(titles, last - len(titles) + 1))
    if new:
        change(lambda pipe: pipe.hset("todos", mapping=new))
    return [todo_of(number, title, False) for number, title in new.items()]


def change(commands):
    """Runs commands and makes every cached text out of date, all or nothing. Returns what the first command has answered."""
    pipe = store.pipeline(transaction=True)
    commands(pipe)
    pipe.incr("todos:version")
    return pipe.execute()[0]


def todos_as_json():
    cached = f"todos:json:{store.get('todos:version') or 0}"
    text = store.get(cached)
    if text is None:
        titles, done = store.pipeline(transaction=True).hgetall("todos").smembers("todos:done").execute()
        todos = [todo_of(int(number), title, number in done) for number, title in titles.items()]
        text = json.dumps(sorted(todos, key=lambda todo: todo["number"]))
        store.set(cached, text, ex=CACHED_SECONDS)
    return text
