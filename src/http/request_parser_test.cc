#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "http/identity.h"

namespace insightd::http {
namespace {

struct Parsed {
  Request request;
  std::string body;
  std::string error;
  bool done = false;
  bool keep_alive = false;
  bool expects_continue = false;
};

// Feeds `text` in pieces of `step` bytes, keeping what is not taken, as the server does.
Parsed Parse(std::string_view text, std::size_t step, std::size_t head_bytes_max = 1024) {
  Parsed parsed;
  RequestParser parser(head_bytes_max);
  std::string kept;
  while (!text.empty() && !parser.done()) {
    kept += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
    for (;;) {
      const bool in_head = !parser.head_done();
      const Result<std::size_t> used = in_head
                                           ? parser.PutHead(kept, parsed.request)
                                           : parser.PutBody(kept, [&](std::span<const char> piece) {
                                               parsed.body.append(piece.data(), piece.size());
                                               return true;
                                             });
      if (!used) {
        parsed.error = used.error().message();
        return parsed;
      }
      kept.erase(0, *used);
      if (!in_head || !parser.head_done() || parser.done() || kept.empty()) break;
    }
  }
  parsed.done = parser.done();
  if (parser.head_done()) {
    parsed.keep_alive = parser.keep_alive();
    parsed.expects_continue = parser.expects_continue();
  }
  return parsed;
}

TEST(RequestParserTest, ReadsAChunkedBodyInPiecesOfEverySize) {
  constexpr std::string_view kText =
      "POST /up?x=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\n\r\n"
      "5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t step = 1; step <= kText.size(); ++step) {
    const Parsed parsed = Parse(kText, step);
    EXPECT_EQ(parsed.error, "") << step;
    EXPECT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.body, "hello world") << step;
    EXPECT_EQ(parsed.request.method, Method::kPost);
    EXPECT_EQ(parsed.request.target, "/up?x=1");
    EXPECT_EQ(parsed.request.headers.size(), 3u) << "a trailer is no header";
    EXPECT_TRUE(parsed.expects_continue);
  }
}

TEST(RequestParserTest, ReadsAnEmptyChunkedBodyInPiecesOfEverySize) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const Parsed parsed = Parse(text, step);
    EXPECT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.body, "") << step;
  }
}

TEST(RequestParserTest, ReadsABodyOfAnnouncedLength) {
  const Parsed parsed = Parse("PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcd", 7);
  EXPECT_TRUE(parsed.done);
  EXPECT_EQ(parsed.body, "abc");
  EXPECT_FALSE(parsed.keep_alive);
}

TEST(RequestParserTest, RefusesWhatCanBeReadInTwoWays) {
  for (const std::string_view fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 0x3\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Bad Name: x\r\n",
        "A : b\r\n", "HOST: a\r\n", "Transfer-Encoding:\r\n chunked\r\n", " Content-Length: 3\r\n",
        "\tContent-Length: 3\r\n", "A: b\r\n \r\n"}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{29}, std::size_t{1000}}) {
      const Parsed parsed =
          Parse("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\nabc", step);
      EXPECT_NE(parsed.error, "") << fields;
    }
  }
  EXPECT_NE(Parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 99).error, "");
  EXPECT_NE(Parse("GET / HTTP/2.0\r\n\r\n", 99).error, "");
  EXPECT_NE(Parse("\x16\x03\x01\x02\x00\x01", 99).error, "");
}

TEST(RequestParserTest, WantsToKnowTheHost) {
  const auto error = [](std::string_view head) { return Parse(head, 1000).error; };
  EXPECT_EQ(error("GET / HTTP/1.1\r\n\r\n"), "not a valid HTTP request: it has no field Host");
  EXPECT_EQ(error("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
            "not a valid HTTP request: it has more than one field Host");
  EXPECT_EQ(error("GET / HTTP/1.0\r\n\r\n"), "");
  for (const std::string host :
       {"a", "a.b-c_d", "10.0.0.1:80", "a:", "[::1]", "[fe80::1%25eth0]:8080", "%C3%A4.example"}) {
    EXPECT_EQ(error("GET / HTTP/1.1\r\nHost: " + host + " \r\n\r\n"), "") << host;
  }
  for (const std::string host :
       {"",       " ",     ":80", "a b", "a,b", "a:b", "a:1:2", "::1",   "[::1",     "[]",
        "[::1]x", "[a/b]", "a@b", "a/b", "a?b", "a#b", "a\\b",  "\"a\"", "\xc3\xa4", "http://a"}) {
    EXPECT_EQ(error("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"),
              "not a valid HTTP request: its field Host is no host, with or without a port")
        << host;
  }
}

TEST(RequestParserTest, TellsAFoldedLine) {
  EXPECT_EQ(
      Parse("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 1000).error,
      "not a valid HTTP request: a line of its head begins with a blank; each header field is "
      "to be one line");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nA:  b \t\r\n\r\n", 1000).error, "");
}

TEST(RequestParserTest, JoinsIdentitiesAsNobodyTakesThem) {
  const Parsed parsed = Parse(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Rh-Identity: eA==\r\nB: c\r\nx-rh-identity: eQ==\r\n\r\n", 7);
  EXPECT_TRUE(parsed.done);
  EXPECT_EQ(parsed.request.headers.size(), 3u);
  EXPECT_EQ(parsed.request.Header("x-rh-identity"), "eA==, eQ==");
  const auto gate = IdentityGate::Make({.trusted_proxies = {"1.2.3.4"}}).value();
  Request request = parsed.request;
  request.remote_address = "1.2.3.4";
  EXPECT_EQ(gate->Identify(request).error(), IdentityProblem::kNotBase64);
}

TEST(RequestParserTest, EndsAHeadAtItsLimitInWhateverPieces) {
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 60; ++i) many += "Field: 01234567890123456789\r\n";
  const std::string one = "GET / HTTP/1.1\r\nField: " + std::string(2000, 'x');
  for (const std::size_t step : {std::size_t{1}, std::size_t{17}, std::size_t{5000}}) {
    for (const std::string& text : {many, one}) {
      EXPECT_NE(Parse(text, step).error.find("over the limit of 1024 bytes"), std::string::npos)
          << step;
    }
  }
}

}  // namespace
}  // namespace insightd::http
