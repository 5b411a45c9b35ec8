"""earshot_client against servers that a test makes up, and, where EARSHOT_STREAM has its port, a real stream."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

from earshot_client import EarshotClient, EarshotError, Message

Lines = list[dict[str, Any]]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def hello(instance: str, next_seq: int) -> bytes:
    return line(type="hello", instance=instance, next_seq=next_seq, first_seq=1)


class Server:
    """Runs the conversations one after another, a connection each, and keeps what it was sent."""

    def __init__(self, *conversations: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._conversations, self._tls = list(conversations), tls
        self.connections = 0

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0, ssl=self._tls)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self._conversations:
                await self._conversations.pop(0)(reader, writer)
        finally:
            writer.close()


async def read(reader: asyncio.StreamReader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await reader.readline())
    return found


async def collect(client: EarshotClient, enough: Callable[[list[Message]], bool]) -> list[Message]:
    messages: list[Message] = []
    async with asyncio.timeout(60), client:
        async for message in client:
            messages.append(message)
            if enough(messages):
                break
    return messages


def plain(messages: list[Message]) -> Lines:
    return [dict(message) for message in messages]


def of_type(messages: list[Message], kind: str) -> Lines:
    return [dict(message) for message in messages if message["type"] == kind]


class MadeUp(unittest.IsolatedAsyncioTestCase):
    async def test_filters_and_begins_with_what_comes_after_the_hello(self) -> None:
        asked: Lines = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(hello("a", 7) + line(type="event", seq=7))  # not yet filtered: comes again
            asked.append(await read(reader))
            writer.write(line(type="subscribed") + line(type="event", seq=7) + line(type="event", seq=9))
            await reader.read()

        async with Server(talk) as address:
            client = EarshotClient(address, types=["event"], sources=["mic"], scores=3)
            messages = await collect(client, lambda got: len(of_type(got, "event")) == 2)
        self.assertEqual(asked, [{"type": "subscribe", "types": ["event"], "sources": ["mic"], "scores": 3,
                                  "instance": "a", "from_seq": 7}])
        self.assertEqual([event["seq"] for event in of_type(messages, "event")], [7, 9])
        self.assertEqual(client.position, ("a", 9))

    async def test_a_daemon_that_was_restarted_is_read_from_its_first_message_on(self) -> None:
        asked: Lines = []

        def talk(instance: str, *after: bytes) -> Serve:
            async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(hello(instance, 50))
                asked.append(await read(reader))
                writer.write(line(type="subscribed") + b"".join(after))
            return run

        async with Server(talk("a", line(type="event", seq=50), b'{"type":"eve'),  # cut in the middle of a line
                          talk("a", line(type="lost", from_seq=51, to_seq=60, messages=4)),
                          talk("b", line(type="event", seq=1))) as address:
            client = EarshotClient(address)
            messages = await collect(client, lambda got: len(of_type(got, "event")) == 2)
        self.assertEqual([(each["instance"], each["from_seq"]) for each in asked], [("a", 50), ("a", 51), ("b", 1)])
        self.assertEqual(len(of_type(messages, "disconnected")), 2)
        self.assertEqual(client.position, ("b", 1))

    async def test_goes_on_where_another_client_was(self) -> None:
        asked: Lines = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(hello("a", 50))
            asked.append(await read(reader))
            writer.write(line(type="subscribed") + line(type="event", seq=31))
            await reader.read()

        async with Server(talk) as address:
            await collect(EarshotClient(address, resume=("a", 30)), lambda got: bool(of_type(got, "event")))
        self.assertEqual(asked[0]["from_seq"], 31)

    async def test_a_refusal_that_time_mends_is_told_and_tried_again_another_ends_it(self) -> None:
        async def full(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(line(type="error", code="too_many_clients", message="full"))

        async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(hello("a", 1))
            await read(reader)
            writer.write(line(type="error", code="bad_request", message="types: found"))
            await reader.read()

        async with Server(full, wrong) as address, EarshotClient(address) as client:
            messages: list[Message] = []
            with self.assertRaisesRegex(EarshotError, "bad_request: types: found"):
                async for message in client:
                    messages.append(message)
        self.assertEqual([each["type"] for each in messages], ["error", "disconnected", "hello"])

    async def test_nobody_there_is_told_and_tried_again_until_cancelled(self) -> None:
        async with Server() as address:
            pass  # and now nobody listens
        told = asyncio.Event()

        async def watch() -> None:
            async with EarshotClient(address) as client:
                async for message in client:
                    self.assertEqual(message["type"], "disconnected")
                    told.set()

        task = asyncio.create_task(watch())
        await asyncio.wait_for(told.wait(), 20)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})

    async def test_cancelled_while_it_waits_it_lets_go_of_its_connection(self) -> None:
        gone = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(hello("a", 1))
            await reader.read()
            gone.set()

        async with Server(talk) as address:
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.3), EarshotClient(address) as client:  # time is the subject
                    async for _ in client:
                        pass
            await asyncio.wait_for(gone.wait(), 20)

    async def test_closed_before_hello_it_says_why_that_may_be(self) -> None:
        async def speaks_tls_only(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            pass

        async with Server(speaks_tls_only) as address, EarshotClient(address) as client:
            self.assertRegex(str(await anext(aiter(client))), "before hello: .* asks for pin and token")

    async def test_a_token_is_not_sent_in_the_clear(self) -> None:
        with self.assertRaises(ValueError):
            EarshotClient("127.0.0.1:7557", token="secret")
        with self.assertRaises(ValueError):
            EarshotClient("127.0.0.1:7557", pin="00" * 32)
        with self.assertRaises(ValueError):
            EarshotClient("unix:/run/earshot", token="secret", pin="00" * 32)
        with self.assertRaises(ValueError):
            EarshotClient("nowhere")


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate")
class Secured(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        key, certificate = folder.name + "/key.pem", folder.name + "/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=earshot", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        found = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"], check=True,
                               capture_output=True, text=True)
        self.pin = found.stdout.strip().partition("=")[2]
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.first: Lines = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = await reader.readline()
        if not text:
            return
        self.first.append(json.loads(text))
        if self.first[-1] != {"type": "auth", "token": "right"}:
            writer.write(line(type="error", code="unauthorized", message="wrong token"))
            return
        writer.write(hello("a", 1))
        await read(reader)
        writer.write(line(type="subscribed") + line(type="event", seq=1))
        await reader.read()

    async def test_the_token_comes_first_once_the_certificate_is_known(self) -> None:
        async with Server(self.talk, tls=self.tls) as address:
            client = EarshotClient(address, token="right\n", pin=self.pin)  # as a file has it
            messages = await collect(client, lambda got: bool(of_type(got, "event")))
        self.assertEqual([each["type"] for each in messages], ["hello", "event"])

    async def test_another_certificate_gets_no_token(self) -> None:
        server = Server(self.talk, tls=self.tls)
        async with server as address, EarshotClient(address, token="right", pin="00" * 32) as client:
            with self.assertRaisesRegex(EarshotError, "SHA-256"):
                await anext(aiter(client))
        self.assertEqual(server.connections, 1)
        self.assertEqual(self.first, [])

    async def test_a_wrong_token_ends_it(self) -> None:
        async with Server(self.talk, tls=self.tls) as address, EarshotClient(address, token="w", pin=self.pin) as client:
            with self.assertRaisesRegex(EarshotError, "unauthorized: wrong token"):
                await anext(aiter(client))


class Relay:
    """Between client and stream: cuts each connection after so many bytes, and lets nobody in while it is closed."""

    def __init__(self, to: int, bytes_each: int) -> None:
        self._to, self._bytes_each = to, bytes_each
        self._passing: set[asyncio.Task[None]] = set()
        self.cuts, self.open = 0, True

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        await self._server.wait_closed()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._passing.add(asyncio.create_task(self._pass(reader, writer)))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_stream, to_stream = await asyncio.open_connection("127.0.0.1", self._to)
        asks = asyncio.create_task(self._copy(reader, to_stream, 1 << 30))
        try:
            await self._copy(from_stream, writer, self._bytes_each)
        finally:
            self.cuts += 1
            asks.cancel()
            to_stream.close()
            writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int) -> None:
        with suppress(OSError):  # one of both has gone
            while left > 0 and self.open and (data := await reader.read(min(left, 256))):
                writer.write(data)
                await writer.drain()
                left -= len(data)


@unittest.skipUnless("EARSHOT_STREAM" in os.environ, "EARSHOT_STREAM has no port of a stream")
class RealStream(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.port = int(os.environ.get("EARSHOT_STREAM", "0"))

    async def test_cut_off_again_and_again_it_misses_nothing_and_has_nothing_twice(self) -> None:
        relay = Relay(self.port, 30_000)
        async with relay as address:
            messages = await collect(EarshotClient(address), lambda got: relay.cuts >= 6)
        seqs = [message["seq"] for message in plain(messages) if "seq" in message]
        self.assertGreater(len(seqs), 50)
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))
        self.assertEqual(of_type(messages, "lost"), [])

    async def test_what_is_no_longer_held_is_told_as_lost(self) -> None:
        relay = Relay(self.port, 1 << 30)

        async def next_seq() -> int:
            async with aclosing(aiter(EarshotClient(f"127.0.0.1:{self.port}"))) as messages:
                greeting = await anext(messages)
                assert greeting["type"] == "hello"
                return greeting["next_seq"]

        async with relay as address, asyncio.timeout(60), EarshotClient(address) as client:
            messages: list[Message] = []
            async for message in client:
                messages.append(message)
                if message["type"] == "prediction" and relay.open and not of_type(messages, "lost"):
                    relay.open = False
                    while await next_seq() < message["seq"] + 2000:  # more than it holds
                        await asyncio.sleep(0.05)
                elif message["type"] == "disconnected":
                    relay.open = True
                elif message["type"] == "prediction" and of_type(messages, "lost"):
                    break
        seq = 0
        for each in plain(messages):
            if each["type"] == "lost":
                self.assertEqual((each["from_seq"], each["messages"]), (seq + 1, each["to_seq"] - seq))
                seq = each["to_seq"]
            elif "seq" in each:
                self.assertEqual(each["seq"], seq + 1 if seq else each["seq"])
                seq = each["seq"]


if __name__ == "__main__":
    unittest.main()
