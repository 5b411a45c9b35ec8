"""Earshot's stream for asyncio: comes back by itself, resumes where it was, and says what was lost."""

import asyncio
import hashlib
import hmac
import json
import random
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Literal, NotRequired, Self, TypedDict, cast

State = Literal["starting", "up", "stalled", "down", "ended"]
Model = TypedDict("Model", {"name": str, "sha256": str, "scores": str})
HelloSource = TypedDict("HelloSource", {"name": str, "kind": str, "state": State})
Hello = TypedDict("Hello", {
    "type": Literal["hello"], "schema": int, "server": str, "version": str, "instance": str, "model": Model,
    "labels": list[str], "window_samples": int, "hop_samples": int, "rate_hz": int,
    "sources": list[HelloSource], "first_seq": int, "next_seq": int})
Prediction = TypedDict("Prediction", {
    "type": Literal["prediction"], "seq": int, "source": str, "start_sample": int, "end_sample": int,
    "time": str, "level_dbfs": float, "gated": bool, "padded_samples": NotRequired[int],
    "label": NotRequired[str], "confidence": NotRequired[float], "heard": NotRequired[list[str]],
    "scores": NotRequired[dict[str, float]]})
Event = TypedDict("Event", {
    "type": Literal["event"], "seq": int, "source": str, "phase": Literal["start", "end"], "event_id": str,
    "label": str, "start_sample": int, "end_sample": NotRequired[int], "duration_s": NotRequired[float],
    "time": str, "peak_confidence": float, "peak_dbfs": NotRequired[float], "why": dict[str, Any]})
Gap = TypedDict("Gap", {
    "type": Literal["gap"], "seq": int, "source": str, "start_sample": int, "samples": int, "reason": str,
    "windows": NotRequired[int], "hop_samples": NotRequired[int]})
Source = TypedDict("Source", {
    "type": Literal["source"], "seq": int, "source": str, "state": State, "detail": str,
    "end_sample": NotRequired[int]})
Clock = TypedDict("Clock", {"type": Literal["clock"], "seq": int, "step_s": float})
HeartbeatSource = TypedDict("HeartbeatSource", {
    "name": str, "state": State, "lag_s": float, "level_dbfs": float, "skipped_windows": int,
    "drift_ppm": float})
Heartbeat = TypedDict("Heartbeat", {
    "type": Literal["heartbeat"], "time": str, "uptime_s": float, "next_seq": int, "predictions": int,
    "dropped_samples": int, "bad_samples": int, "clients": int, "sources": list[HeartbeatSource]})
Lost = TypedDict("Lost", {"type": Literal["lost"], "from_seq": int, "to_seq": int, "messages": int})
Error = TypedDict("Error", {"type": Literal["error"], "code": str, "message": str})
Bye = TypedDict("Bye", {"type": Literal["bye"], "reason": str})
# Said by the client itself, which then tries again.
Disconnected = TypedDict("Disconnected", {"type": Literal["disconnected"], "reason": str})
Message = (Hello | Prediction | Event | Gap | Source | Clock | Heartbeat | Lost | Error | Bye
           | Disconnected)

_SILENCE_S = 20.0  # a heartbeat comes every 5 s
_LIMIT = 1 << 22  # bytes of a line; twice as many are held
_HOPELESS = ("unauthorized", "bad_request", "bad_json")


class EarshotError(Exception):
    """Trying again would not help: a wrong pin, token or request."""


class EarshotClient:
    """`async with EarshotClient("127.0.0.1:7557") as stream: async for message in stream: ...`
    `address` is HOST:PORT, [IPV6]:PORT or unix:/PATH. After a loss of connection it goes on behind the last
    message; what the daemon no longer holds is told as `lost`. A restarted one says `hello` with another
    `instance` and is read from its first message on. `position` is (instance, seq) of the last message; as
    `resume` it goes on there. `pin`, SHA-256 of the certificate in hex, and `token` make it TLS."""

    def __init__(self, address: str, *, types: Sequence[str] | None = None,
                 sources: Sequence[str] | None = None, scores: int | Literal["all", "none"] | None = None,
                 resume: tuple[str, int] | None = None, token: str | None = None,
                 pin: str | None = None) -> None:
        if bool(token) != bool(pin) or pin and address.startswith("unix:"):
            raise ValueError("token and pin go together, and with HOST:PORT: TLS has both, all else neither")
        asked = {"types": types, "sources": sources, "scores": scores}
        self._filter = {key: value for key, value in asked.items() if value is not None}
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if pin else None
        if tls:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # the pin says more
        host, _, port = address.rpartition(":")
        self._open: Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = (
            partial(asyncio.open_unix_connection, address[5:], limit=_LIMIT) if address[:5] == "unix:" else
            partial(asyncio.open_connection, host.strip("[]"), int(port), ssl=tls, limit=_LIMIT))
        self._token, self._pin = token and token.strip(), pin and pin.replace(":", "").lower()
        self.position, self._pause_s, self._messages = resume, 0.0, self._run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._messages.aclose()

    def __aiter__(self) -> AsyncGenerator[Message, None]:
        return self._messages

    async def _run(self) -> AsyncGenerator[Message, None]:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    reader, writer = await self._open()
                try:
                    async with aclosing(self._converse(reader, writer)) as messages:
                        async for message in messages:
                            yield message
                finally:
                    writer.transport.abort()  # said goodbye to, a daemon would go on until it hears no more
                    with suppress(OSError):
                        await writer.wait_closed()
            except (OSError, EOFError, ValueError) as failure:
                reason = str(failure) or type(failure).__name__
            yield {"type": "disconnected", "reason": reason}
            self._pause_s = min(max(self._pause_s * 2, 0.25), 30.0)
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))

    async def _converse(self, reader: asyncio.StreamReader,
                        writer: asyncio.StreamWriter) -> AsyncGenerator[Message, None]:
        if self._pin:
            found = hashlib.sha256(writer.get_extra_info("ssl_object").getpeercert(True)).hexdigest()
            if not hmac.compare_digest(found, self._pin):
                raise EarshotError(f"found a certificate of SHA-256 {found}, expected {self._pin}")
        if self._token:
            writer.write(json.dumps({"type": "auth", "token": self._token}).encode() + b"\n")
        asked = subscribed = False
        while True:
            async with asyncio.timeout(_SILENCE_S):
                line = await reader.readline()
            if not line.endswith(b"\n"):
                hint = "" if asked else " before hello: it does not let you in, or asks for pin and token"
                raise EOFError("the connection was closed" + hint)
            message = cast(dict[str, Any], json.loads(line))
            if not isinstance(message, dict) or "type" not in message:
                raise ValueError(f"found {line[:80]!r}, expected a message")
            kind = message["type"]
            if kind == "error" and message.get("code") in _HOPELESS:
                raise EarshotError(f"{message['code']}: {message.get('message')}")
            if kind == "hello" and (not self.position or self.position[0] != message["instance"]):
                # Of another run than the one that was read before, from its first message on.
                self.position = (message["instance"], 0 if self.position else message["next_seq"] - 1)
            if kind == "hello" and self.position and not asked:
                asked = True
                request: dict[str, Any] = {"type": "subscribe", **self._filter}
                request["instance"], request["from_seq"] = self.position[0], self.position[1] + 1
                writer.write(json.dumps(request).encode() + b"\n")
            if kind == "subscribed":
                subscribed, self._pause_s = True, 0.0
                continue
            if not subscribed and kind not in ("hello", "error", "bye"):
                continue  # comes again, filtered
            if self.position and ("seq" in message or kind == "lost"):
                self.position = (self.position[0], message["to_seq" if kind == "lost" else "seq"])
            yield cast(Message, message)
            if kind == "error" and not subscribed:
                raise EOFError(message.get("message", "an error"))
