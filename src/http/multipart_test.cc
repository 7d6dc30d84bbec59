#include "http/multipart.h"

#include <gtest/gtest.h>

#include <vector>

namespace insightd::http {
namespace {

class Collector : public PartConsumer {
 public:
  Result<void> BeginPart(const PartHead& head) override {
    EXPECT_FALSE(open_);
    open_ = true;
    parts_.push_back(head.name + "|" + head.filename.value_or("-") + "|" + head.content_type + "|");
    if (head.name == "refused") return Fail(Code::kInvalid, "not wanted");
    return {};
  }
  Result<void> PartData(std::string_view bytes) override {
    EXPECT_TRUE(open_ && !bytes.empty());
    parts_.back() += bytes;
    return {};
  }
  Result<void> EndPart() override {
    EXPECT_TRUE(open_);
    open_ = false;
    return {};
  }
  const std::vector<std::string>& parts() const { return parts_; }

 private:
  std::vector<std::string> parts_;
  bool open_ = false;
};

struct Outcome {
  std::vector<std::string> parts;
  std::string error;
  Code code = Code::kInternal;
};

Outcome Parse(std::string_view body, std::size_t step, MultipartLimits limits = {}) {
  Collector collector;
  MultipartParser parser("XyZ", collector, limits);
  Outcome outcome;
  Result<void> result;
  while (result && !body.empty()) {
    result = parser.Push(body.substr(0, step));
    body.remove_prefix(std::min(step, body.size()));
  }
  if (result) {
    result = parser.Finish();
  } else {
    EXPECT_FALSE(parser.Push("more"));
    EXPECT_FALSE(parser.Finish());
  }
  if (!result) {
    outcome.error = result.error().message();
    outcome.code = result.error().code();
  }
  outcome.parts = collector.parts();
  return outcome;
}

TEST(MultipartTest, GivesTheSamePartsInPiecesOfEverySize) {
  const std::string body =
      "a preamble\r\n--Xy is none of it\r\n--XyZ\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"payload.tar.gz\"\r\n"
      "Content-Type: application/vnd.redhat.openshift.periodic\r\n\r\n"
      "\r\n--Xy\r\r\n--XyY\r\n\r\n--\r\n--XyZ \t\r\n"
      "content-disposition: form-data; name=metadata\r\n\r\n{}\r\n--XyZ\r\n"
      "\r\nno head\r\n--XyZ\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n"
      "\r\n--XyZ--\r\nan epilogue\r\n--XyZ\r\n";
  const std::vector<std::string> wanted = {
      "file|payload.tar.gz|application/vnd.redhat.openshift.periodic|"
      "\r\n--Xy\r\r\n--XyY\r\n\r\n--",
      "metadata|-||{}", "|-||no head", "empty|-||"};
  for (std::size_t step = 1; step <= body.size(); ++step) {
    const Outcome outcome = Parse(body, step);
    EXPECT_EQ(outcome.error, "") << step;
    EXPECT_EQ(outcome.parts, wanted) << step;
  }
}

TEST(MultipartTest, TakesABoundaryAtTheFrontAndNothingBehindTheLast) {
  EXPECT_EQ(Parse("--XyZ\r\n\r\nx\r\n--XyZ--", 3).parts, std::vector<std::string>{"|-||x"});
  EXPECT_EQ(Parse("--XyZ--\r\n", 1).error, "");
}

TEST(MultipartTest, TellsACutForm) {
  for (const std::string_view body :
       {"", "--XyZ", "--XyZ\r\n", "--XyZ\r\nContent-Type: x", "--XyZ\r\n\r\ndata",
        "--XyZ\r\n\r\ndata\r\n--XyZ", "--XyZ\r\n\r\ndata\r\n--XyZ-", "--XyY\r\n\r\nx\r\n--XyY--"}) {
    const Outcome outcome = Parse(body, 2);
    EXPECT_EQ(outcome.code, Code::kCorrupt) << body;
    EXPECT_NE(outcome.error, "") << body;
  }
}

TEST(MultipartTest, RefusesRubbishBehindABoundary) {
  EXPECT_EQ(Parse("--XyZrubbish\r\n\r\nx\r\n--XyZ--", 5).code, Code::kInvalid);
}

TEST(MultipartTest, HoldsItsLimits) {
  const std::string head = "--XyZ\r\nX: " + std::string(200, 'x') + "\r\n\r\nx\r\n--XyZ--";
  EXPECT_EQ(Parse(head, 7, {.head_bytes_max = 100}).code, Code::kTooLarge);
  EXPECT_EQ(Parse("--XyZ" + std::string(200, ' ') + "\r\n", 7, {.head_bytes_max = 100}).code,
            Code::kInvalid);
  std::string many;
  for (int i = 0; i < 3; ++i) many += "--XyZ\r\n\r\nx\r\n";
  EXPECT_EQ(Parse(many, 9, {.parts_max = 2}).code, Code::kTooLarge);
}

TEST(MultipartTest, GivesBackWhatTheConsumerSays) {
  const Outcome outcome =
      Parse("--XyZ\r\nContent-Disposition: form-data; name=refused\r\n\r\nx\r\n--XyZ--", 50);
  EXPECT_EQ(outcome.error, "not wanted");
}

TEST(BoundaryTest, ReadsTheBoundaryOfAContentType) {
  EXPECT_EQ(BoundaryOf("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(BoundaryOf("Multipart/Form-Data;charset=x; BOUNDARY=\"a b;c\"").value(), "a b;c");
  for (const std::string& wrong :
       {std::string("application/gzip"), std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="), std::string(""),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_FALSE(BoundaryOf(wrong)) << wrong;
  }
}

TEST(HeaderParameterTest, ResolvesQuotes) {
  EXPECT_EQ(HeaderParameter(R"(form-data; name="a\"b"; filename="C:\x;y.gz")", "name"), "a\"b");
  EXPECT_EQ(HeaderParameter(R"(form-data; name="a\"b"; filename="C:\x;y.gz")", "filename"),
            "C:\\x;y.gz");
  EXPECT_EQ(HeaderParameter("form-data; flag; name = x ; y=z", "name"), "x");
  EXPECT_EQ(HeaderParameter("form-data; name=\"open", "name"), "open");
  EXPECT_EQ(HeaderParameter("form-data", "name"), std::nullopt);
}

}  // namespace
}  // namespace insightd::http
