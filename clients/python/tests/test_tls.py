"""earshot_client by TLS against the earshotd whose port, pin and token EARSHOT_TLS, _PIN and _TOKEN have."""

import os
import unittest

from earshot_client import EarshotClient, EarshotError
from test_client import Relay, collect, of_type, plain


@unittest.skipUnless("EARSHOT_TLS" in os.environ, "EARSHOT_TLS has no port of an earshotd")
class RealTls(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.port = int(os.environ["EARSHOT_TLS"])
        self.address = f"127.0.0.1:{self.port}"
        self.pin, self.token = os.environ["EARSHOT_PIN"], os.environ["EARSHOT_TOKEN"]

    async def test_lines_of_any_length_are_heard(self) -> None:
        client = EarshotClient(self.address, scores="all", pin=self.pin, token=self.token)
        messages = await collect(client, lambda got: len(of_type(got, "prediction")) == 3)
        labels = of_type(messages, "hello")[0]["labels"]
        self.assertGreater(len("".join(labels)), 1 << 16)  # where asyncio stops unless told otherwise
        self.assertEqual(list(of_type(messages, "prediction")[0]["scores"]), labels)

    async def test_cut_off_again_and_again_it_misses_nothing_and_has_nothing_twice(self) -> None:
        relay = Relay(self.port, 120_000)  # of which hello takes most
        async with relay as address:
            client = EarshotClient(address, pin=self.pin, token=self.token)
            messages = await collect(client, lambda got: relay.cuts >= 4)
        seqs = [message["seq"] for message in plain(messages) if "seq" in message]
        self.assertGreaterEqual(len(of_type(messages, "hello")), 4)
        self.assertGreater(len(seqs), 50)
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))
        self.assertEqual(of_type(messages, "lost"), [])

    async def test_another_certificate_ends_it_and_is_named(self) -> None:
        client = EarshotClient(self.address, pin="a" * 64, token=self.token)
        with self.assertRaisesRegex(EarshotError, f"found .* {self.pin}, expected {'a' * 64}"):
            await collect(client, bool)

    async def test_a_wrong_token_ends_it(self) -> None:
        client = EarshotClient(self.address, pin=self.pin, token=self.token + "-")
        with self.assertRaisesRegex(EarshotError, "unauthorized: .*token_file"):
            await collect(client, bool)


if __name__ == "__main__":
    unittest.main()
