// The files of [publish.tls], tokens and fingerprints: what is taken, what is refused and in which words.
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/net/TlsIdentity.h"
#include "daemon/settings/Config.h"
#include "dsp/base/Error.h"
#include "tests/daemon/TlsClient.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

/// Why the files are refused; "" if they are not.
std::string refusal_of_files(const TlsFiles& files) {
  try {
    files.identity();
    return "";
  } catch (const Error& error) {
    CHECK((error.code() == ExitCode::config || error.code() == ExitCode::no_input));
    return error.what();
  }
}

constexpr const char* kSourceLines = "[[source]]\nname = \"net\"\nkind = \"tcp\"\n";

}  // namespace

TEST_CASE("an identity knows its token and no other, and is the same as one of the same files") {
  TlsFiles files;
  const auto identity = files.identity();
  CHECK(identity->is_token(kToken));
  for (const std::string other :
       {"", "0", "0123456789abcdef0123456789abcdeF", "0123456789abcdef0123456789abcdef\n"})
    CHECK_FALSE(identity->is_token(other));
  CHECK(*identity == *files.identity());
  files.write_token("another-token-of-24-bytes");
  CHECK_FALSE(*identity == *files.identity());
  CHECK(identity->is_token(kToken));
}

TEST_CASE("a file of [publish.tls] that is none of its kind is named, with what is wrong with it") {
  TlsFiles files;
  SECTION("no certificate") {
    files.directory.write("certificate.pem", "hello");
    CHECK_THAT(refusal_of_files(files),
               Contains("certificate.pem: found no certificate, expected one in PEM form"));
  }
  SECTION("no key") {
    files.directory.write_secret("key.pem", "hello");
    CHECK_THAT(refusal_of_files(files), Contains("key.pem: found no private key, expected one in PEM form"));
  }
  SECTION("the key of another certificate") {
    files.directory.write_secret("key.pem", make_certificate({"other"}).key_pem);
    CHECK_THAT(refusal_of_files(files), Contains("key.pem: found another key than that of the certificate"));
  }
  SECTION("no file") {
    std::filesystem::remove(files.directory / "key.pem");
    CHECK_THAT(refusal_of_files(files), Contains("key.pem"));
  }
  SECTION("a short token, which is not shown") {
    files.write_token("tooshort");
    CHECK_THAT(refusal_of_files(files),
               Contains("token: found 8 characters, expected a token of 16 to 1024"));
    CHECK_THAT(refusal_of_files(files), !Contains("tooshort"));
  }
  SECTION("a token with a space") {
    files.write_token("this is no token at all");
    CHECK_THAT(refusal_of_files(files),
               Contains("token: found a character that is not printable, or a space"));
  }
  SECTION("a key or token that all may read") {
    const std::string secret = GENERATE("key.pem", "token");
    using std::filesystem::perms;
    std::filesystem::permissions(files.directory / secret, perms::others_read,
                                 std::filesystem::perm_options::add);
    CHECK_THAT(refusal_of_files(files),
               Contains(secret + ": found a file that every user of this machine may read"));
    std::filesystem::permissions(files.directory / secret, perms::owner_read | perms::group_read);
    CHECK(refusal_of_files(files).empty());
  }
}

TEST_CASE("a fingerprint is read as people paste it, and is that of the file") {
  const TlsFiles files;
  CHECK(fingerprint_of_file(files.directory / "certificate.pem") == files.fingerprint);
  std::string pasted;
  for (std::size_t i = 0; i < files.fingerprint.size(); i += 2) {
    for (const char c : files.fingerprint.substr(i, 2)) pasted += static_cast<char>(std::toupper(c));
    pasted += ':';
  }
  pasted.pop_back();
  CHECK(read_fingerprint(pasted) == files.fingerprint);
  CHECK(read_fingerprint(files.fingerprint) == files.fingerprint);
  for (const std::string wrong :
       {files.fingerprint.substr(1), files.fingerprint + "0", pasted + ":", std::string("x")})
    CHECK(read_fingerprint(wrong).empty());
  CHECK_THROWS_WITH(fingerprint_of_file(files.directory / "key.pem"), Contains("found no certificate"));
}

TEST_CASE("with [publish.tls] an address beyond loopback needs no allow; a source needs tls = true besides") {
  const std::string tls = "[publish.tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\ntoken_file = \"t\"\n";
  const std::string open = "[publish.tcp]\nlisten = \"0.0.0.0:7557\"\n";
  const std::string source = std::string(kSourceLines) + "listen = \"0.0.0.0:7558\"\n";
  const Config config = parse_config(open + tls + source + "tls = true\n", "here/earshot.toml");
  CHECK(config.publish_tls->certificate == "here/c.pem");
  CHECK(config.publish_tls->key == "/k.pem");
  CHECK(config.publish_tcp.speaks_tls(Endpoint{"0.0.0.0", 7557}));
  CHECK_FALSE(config.publish_tcp.speaks_tls(Endpoint{"127.0.0.1", 7557}));
  CHECK_FALSE(config.publish_tcp.speaks_tls(UnixPath{"/run/x"}));
  CHECK(may_connect(*parse_ip("10.1.2.3"), config.publish_tcp.admitted()));
  CHECK(may_connect(*parse_ip("fd00::1"), config.publish_tcp.admitted()));
  CHECK(to_toml(parse_config(to_toml(config), "other")) == to_toml(config));

  CHECK_THROWS_WITH(parse_config(open + source + "tls = true\n", "x"), Contains("'publish.tcp.listen'"));
  CHECK_THROWS_WITH(parse_config(tls + source, "x"), Contains("without 'allow'"));
  CHECK_THROWS_WITH(parse_config(source + "tls = true\n", "x"),
                    Contains("found true, expected a table [publish.tls]"));
  CHECK_THROWS_WITH(
      parse_config("[publish.tls]\ncertificate = \"c\"\nkey = \"k\"\n" + source + "tls = true\n", "x"),
      Contains("'publish.tls.token_file': found nothing, expected the path of a file with a token"));

  const Config narrow =
      parse_config(open + "allow = [\"10.0.0.0/8\"]\n" + tls + source + "tls = true\n", "x");
  CHECK(may_connect(*parse_ip("10.1.2.3"), narrow.publish_tcp.admitted()));
  CHECK_FALSE(may_connect(*parse_ip("192.168.1.1"), narrow.publish_tcp.admitted()));
}

}  // namespace earshot::test
