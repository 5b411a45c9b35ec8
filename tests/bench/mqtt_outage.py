#!/usr/bin/env python3
"""A broker that is away: the real earshotd, a real Mosquitto, ten events a minute, and a restart of the daemon half way.
Compares what the broker's subscriber got with what earshotd's stream told.

    tests/bench/mqtt_outage.py [MINUTES] [--build BUILD]     10 minutes by default; two more for what comes before and after
"""

import argparse
import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
LATE_S = 10

# A second of noise, five of silence, as fast as it is played.
SOUND = """
import array, random, sys
loud = array.array("h", (random.randrange(-20000, 20000) for _ in range(16000))).tobytes()
while True:
    sys.stdout.buffer.write(loud + bytes(5 * 32000))
"""

CONFIG = """
[model]
path = "{model}"
[events]
labels = ["Dog"]
off_s = 1.0
[[events.level]]
name = "loud"
above_dbfs = -20.0
[publish.tcp]
listen = "127.0.0.1:{stream}"
[publish.mqtt]
broker = "mqtt://127.0.0.1:{broker}"
topic = "earshot/bench"
labels = ["loud"]
[[source]]
name = "noise"
kind = "command"
argv = ["sh", "-c", "{python} {sound} | {python} {pace}"]
"""

PACE = """
import sys, time
begun = time.monotonic()
sent = 0
while chunk := sys.stdin.buffer.read(3200):
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    sent += len(chunk)
    time.sleep(max(0.0, begun + sent / 32000 - time.monotonic()))
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Stream(threading.Thread):
    """What earshotd's stream tells, over its restarts: (id, phase, when it was heard)."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.events = port, []

    def run(self):
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as client, client.makefile("rb") as lines:
                    client.sendall(b'{"type":"subscribe","types":["event"],"from_seq":1}\n')
                    for line in lines:
                        message = json.loads(line)
                        if message["type"] == "event":
                            self.events.append((message["event_id"], message["phase"], time.time()))
            except OSError:
                pass
            time.sleep(0.05)


def start_daemon(earshotd, config, log, state):
    return subprocess.Popen([earshotd, "--config", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            env={**os.environ, "STATE_DIRECTORY": str(state)})


def end(process):
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    process.wait(30)
    return time.monotonic() - begun


def received(path):
    """(id, phase, late, when it came), a copy that was sent again left out, and what was declared lost."""
    events, lost, copies = [], 0, 0
    for line in path.read_text().splitlines():
        when, topic, payload = line.split(" ", 2)
        if topic == "earshot/bench/lost":
            lost += json.loads(payload)["messages"]
        if not topic.endswith("/event"):
            continue
        message = json.loads(payload)
        event = (message["event_id"], message["phase"], message.get("late", False), float(when))
        if events and events[-1][:2] == event[:2]:
            copies += 1
        else:
            events.append(event)
    return events, lost, copies


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=10.0)
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        stream, port = free_port(), free_port()
        (folder / "sound.py").write_text(SOUND)
        (folder / "pace.py").write_text(PACE)
        (folder / "earshot.toml").write_text(CONFIG.format(
            model=TOP / "config/earshot.safetensors", stream=stream, broker=port, python=sys.executable,
            sound=folder / "sound.py", pace=folder / "pace.py"))
        # It keeps its subscriber's session, so that what comes before this one is back is not missed.
        (folder / "mosquitto.conf").write_text(
            f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nmax_queued_messages 0\n")
        start_broker = lambda: subprocess.Popen(["/usr/sbin/mosquitto", "-c", folder / "mosquitto.conf"],
                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        broker = start_broker()
        time.sleep(1)
        seen = folder / "seen"
        with seen.open("w") as out, (folder / "log").open("w") as log:
            subscriber = subprocess.Popen(
                ["mosquitto_sub", "-p", str(port), "-q", "1", "-c", "-i", "bench", "-F", "%U %t %p", "-t", "earshot/#"],
                stdout=out, stderr=subprocess.DEVNULL)
            told = Stream(stream)
            told.start()
            daemon = start_daemon(options.build / "daemon/earshotd", folder / "earshot.toml", log, folder / "state")
            try:
                time.sleep(30)
                end(broker)
                away = time.time()
                time.sleep(options.minutes * 30)
                stopped_in = end(daemon)
                daemon = start_daemon(options.build / "daemon/earshotd", folder / "earshot.toml", log, folder / "state")
                time.sleep(options.minutes * 30)
                broker = start_broker()
                back = time.time()
                time.sleep(90)
                end(daemon)
                time.sleep(2)
            finally:
                for process in (daemon, broker, subscriber):
                    if process.poll() is None:
                        end(process)
        got, lost, copies = received(seen)
        sent = [(event, phase) for event, phase, _ in told.events]
        heard = {(event, phase): when for event, phase, when in told.events}
        kept = [each for each in got if away <= heard.get(each[:2], 0) <= back]
        wrong = [each for each in got if each[2] != (each[3] - heard.get(each[:2], 0) > LATE_S)]
        # What fell into the last seconds before a restart of the daemon is late however soon it comes.
        wrong = [each for each in wrong if not each[2] or each[3] - heard[each[:2]] > LATE_S]
        print(json.dumps({
            "minutes_away": round((back - away) / 60, 1), "told_by_stream": len(sent), "received": len(got),
            "while_away": len(kept), "of_those_late": sum(each[2] for each in kept), "missing": len(set(sent) - {e[:2] for e in got}),
            "in_order": [each[:2] for each in got] == sent, "sent_twice": copies, "declared_lost": lost,
            "late_flags_wrong": len(wrong), "daemon_stopped_in_s": round(stopped_in, 2),
            "last_of_them_after_s": round(max((each[3] for each in kept), default=back) - back, 1)}))
        if "connected" not in (folder / "log").read_text():
            print((folder / "log").read_text(), file=sys.stderr)
        return 0 if [each[:2] for each in got] == sent and not wrong and len(kept) > options.minutes * 10 else 1


sys.exit(main())
