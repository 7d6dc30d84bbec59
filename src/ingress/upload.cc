#include "ingress/upload.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"
#include "base/text.h"
#include "http/multipart.h"

namespace insightd::ingress {
namespace {

constexpr log::Logger kLog("ingress");
constexpr std::size_t kRequestIdDigits = 32;
// A body that is no form can only be a test request.
constexpr std::size_t kTestBodyBytesMax = 1024;

double Milliseconds(microseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

bool IsRequestId(std::string_view text) {
  return text.size() == kRequestIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view Describe(http::IdentityProblem problem) {
  switch (problem) {
    case http::IdentityProblem::kMissing: return "missing x-rh-identity header";
    case http::IdentityProblem::kNotBase64: return "unable to b64 decode x-rh-identity header";
    case http::IdentityProblem::kNotJson: return "x-rh-identity header does not contain valid JSON";
    case http::IdentityProblem::kNoOrganization:
      return "x-rh-identity header has an invalid or missing org_id";
    case http::IdentityProblem::kNoType: return "x-rh-identity header is missing type";
  }
  __builtin_unreachable();
}

// What a failure of the blob store or the bus means for who uploads.
Refusal RefusalFor(const Error& error, std::string_view doing) {
  switch (error.code()) {
    case Code::kUnavailable:
    case Code::kTimeout:
      return {503, "unavailable",
              fmt::format("{}: {}; send it again later", doing, error.message())};
    case Code::kNoRoom: return {507, "no_room", fmt::format("{}: {}", doing, error.message())};
    case Code::kConflict:
      return {400, "conflict",
              fmt::format("{}: the request id is used already; send another {} or none", doing,
                          kRequestIdHeader)};
    default: return {500, "internal", fmt::format("{}: {}", doing, error.message())};
  }
}

void LogRejected(const UploadHead& head, const Refusal& refusal, microseconds duration) {
  kLog.Write(refusal.status >= 500 ? log::Level::kWarn : log::Level::kInfo,
             log::event::kUploadRejected, "upload refused",
             {{"request_id", head.request_id},
              {"org_id", head.caller.org_id == 0 ? "" : std::to_string(head.caller.org_id)},
              {"cluster", head.cluster},
              {"duration_ms", Milliseconds(duration)},
              {"outcome", refusal.status >= 500 ? "failed" : "rejected"},
              {"error_class", refusal.outcome},
              {"error", refusal.message}});
}

// An archive that is whole, on its way to be durable and announced. Held by the callbacks of blob
// store and bus, so that it needs neither connection nor consumer.
class Acceptance : public std::enable_shared_from_this<Acceptance> {
 public:
  Acceptance(std::shared_ptr<Context> context, UploadHead head, const UploadForm& form,
             http::Done done)
      : context_(std::move(context)),
        head_(std::move(head)),
        done_(std::move(done)),
        status_((form.type().plain || form.type().service == "advisor") && form.metadata().empty()
                    ? 201
                    : 202) {
    announcement_.category = form.type().category;
    announcement_.service = form.type().service;
    announcement_.content_type = form.content_type();
    announcement_.size_bytes = static_cast<std::int64_t>(form.archive_bytes());
    client_metadata_ = form.metadata();
  }

  void Commit(std::unique_ptr<blob::Writer> writer) {
    writer->Commit([self = shared_from_this()](Result<void> committed) {
      if (!committed) {
        self->Refuse(RefusalFor(committed.error(), "keeping the archive"));
        return;
      }
      self->Announce();
    });
  }

 private:
  void Announce() {
    const microseconds now = context_->parts.clock.Steady();
    kLog.Info(log::event::kUploadStaged, "archive kept",
              {{"request_id", head_.request_id},
               {"org_id", std::to_string(head_.caller.org_id)},
               {"cluster", head_.cluster},
               {"bytes", announcement_.size_bytes},
               {"duration_ms", Milliseconds(now - head_.started)},
               {"outcome", "ok"}});
    staged_ = now;
    Result<std::string> url =
        context_->parts.blobs.UrlFor(head_.request_id, seconds(context_->settings.url_validity_s));
    if (!url) {
      Refuse(RefusalFor(url.error(), "making the URL of the archive"));
      return;
    }
    bus::Record record = MakeRecord(std::move(*url));
    context_->parts.producer.Produce(
        context_->settings.announce_topic, std::move(record),
        [self = shared_from_this()](Result<bus::Position> delivered) {
          if (!delivered) {
            self->Refuse(RefusalFor(delivered.error(), "announcing the archive"));
            return;
          }
          self->Accept(*delivered);
        });
  }

  bus::Record MakeRecord(std::string url) {
    const Time now = context_->parts.clock.Now();
    const std::string org = std::to_string(head_.caller.org_id);
    announcement_.url = std::move(url);
    announcement_.b64_identity =
        head_.caller.header.empty()
            ? announce::PrintIdentity(head_.caller.org_id, head_.cluster, head_.proof)
            : head_.caller.header;
    announcement_.timestamp = FormatTime(now);
    announcement_.request_id = head_.request_id;
    announcement_.account = head_.caller.account_number;
    announcement_.principal = org;
    announcement_.org_id = org;
    json::Parser parser;
    announcement_.metadata = announce::MetadataFor(client_metadata_, now, parser);
    bus::Record record;
    record.value = announce::Print(announcement_);
    record.headers.push_back({std::string(announce::kServiceHeader), announcement_.service});
    // All of a cluster in one partition, in their order, unless who uploads wants it otherwise.
    record.key = head_.cluster;
    if (client_metadata_.find("queue_key") != std::string::npos) {
      if (const auto document = parser.Parse(client_metadata_)) {
        record.key = document->root()["queue_key"].StringOr(record.key);
      }
    }
    return record;
  }

  void Accept(const bus::Position& position) {
    const microseconds now = context_->parts.clock.Steady();
    kLog.Info(log::event::kAnnounceProduced, "archive announced",
              {{"request_id", head_.request_id},
               {"org_id", std::to_string(head_.caller.org_id)},
               {"cluster", head_.cluster},
               {"out_topic", position.topic},
               {"out_partition", position.partition},
               {"out_offset", position.offset},
               {"duration_ms", Milliseconds(now - staged_)},
               {"outcome", "ok"}});
    context_->Count("accepted");
    context_->Observe(static_cast<std::uint64_t>(announcement_.size_bytes), now - head_.started);
    done_(AcceptedResponse(status_, head_));
  }

  void Refuse(const Refusal& refusal) {
    LogRejected(head_, refusal, context_->parts.clock.Steady() - head_.started);
    context_->Count(refusal.outcome);
    done_(RefusedResponse(refusal.status, head_.request_id, refusal.message));
  }

  const std::shared_ptr<Context> context_;
  const UploadHead head_;
  const http::Done done_;
  const int status_;
  announce::Announcement announcement_;
  std::string client_metadata_;
  microseconds staged_{};
};

class UploadConsumer : public http::BodyConsumer, private ArchiveSink {
 public:
  // `boundary` is empty for a body that is no form.
  UploadConsumer(std::shared_ptr<Context> context, UploadHead head, const std::string& boundary)
      : context_(std::move(context)),
        head_(std::move(head)),
        form_(context_->settings.services, context_->settings.body_bytes_max, *this) {
    if (!boundary.empty()) parser_.emplace(boundary, form_);
  }

  ~UploadConsumer() override {
    if (!finished_) {
      LogRejected(head_, {499, "cut", "the upload ended before it was whole"},
                  context_->parts.clock.Steady() - head_.started);
      context_->Count("cut");
    }
    context_->Leave();
  }

  bool Data(std::span<const char> bytes) override {
    body_bytes_ += bytes.size();
    if (!parser_) {
      if (body_bytes_ <= kTestBodyBytesMax) plain_body_.append(bytes.data(), bytes.size());
      return body_bytes_ <= kTestBodyBytesMax;
    }
    const Result<void> pushed = parser_->Push({bytes.data(), bytes.size()});
    if (!pushed) {
      refusal_ = form_.refusal().value_or(
          Refusal{400, "form",
                  fmt::format("File or upload field not found: {}", pushed.error().message())});
    } else if (body_bytes_ > context_->settings.body_bytes_max + kFormBytesMax) {
      refusal_ = Refusal{413, "size",
                         fmt::format("the form is over ingress.body_bytes_max and {} bytes more; "
                                     "send less besides the archive",
                                     kFormBytesMax)};
    }
    return !refusal_;
  }

  bool WhenReady(std::function<void()> wake) override {
    return !writer_ || writer_->WhenReady(std::move(wake));
  }

  bool PlacesAreScarce() const override { return context_->PlacesAreScarce(); }

  void Finish(http::Done done) override {
    finished_ = true;
    if (!refusal_ && IsTest()) {
      context_->Count("test");
      kLog.Info(log::event::kUploadTested, "test request answered",
                {{"request_id", head_.request_id},
                 {"org_id", std::to_string(head_.caller.org_id)},
                 {"cluster", head_.cluster},
                 {"duration_ms", Milliseconds(context_->parts.clock.Steady() - head_.started)},
                 {"outcome", "ok"}});
      done(AcceptedResponse(200, head_));
      return;
    }
    if (!refusal_) refusal_ = CheckWhole();
    if (refusal_) {
      writer_.reset();
      LogRejected(head_, *refusal_, context_->parts.clock.Steady() - head_.started);
      context_->Count(refusal_->outcome);
      done(RefusedResponse(refusal_->status, head_.request_id, refusal_->message));
      return;
    }
    if (form_.metadata_too_large()) {
      kLog.Warn("", fmt::format("metadata over {} bytes is passed over", kMetadataBytesMax),
                {{"request_id", head_.request_id}, {"cluster", head_.cluster}});
    }
    std::make_shared<Acceptance>(context_, head_, form_, std::move(done))
        ->Commit(std::move(writer_));
  }

 private:
  std::optional<Refusal> Begin() override {
    if (Result<void> room = context_->parts.producer.Room(); !room) {
      return RefusalFor(room.error(), "announcing the archive");
    }
    Result<std::unique_ptr<blob::Writer>> writer = context_->parts.blobs.Create(head_.request_id);
    if (!writer && writer.error().code() == Code::kConflict) {
      std::string fresh = context_->parts.random.Hex(kRequestIdDigits);
      kLog.Info("", "the request id is used already; the upload gets another",
                {{"request_id", fresh}, {"used_request_id", head_.request_id}});
      head_.request_id = std::move(fresh);
      writer = context_->parts.blobs.Create(head_.request_id);
    }
    if (!writer) return RefusalFor(writer.error(), "keeping the archive");
    writer_ = std::move(*writer);
    return std::nullopt;
  }

  std::optional<Refusal> Append(std::string_view bytes) override {
    const Result<void> appended = writer_->Append({bytes.data(), bytes.size()});
    if (!appended) return RefusalFor(appended.error(), "keeping the archive");
    return std::nullopt;
  }

  bool IsTest() const {
    if (parser_) return form_.is_test();
    if (plain_body_ == "test=test") return true;
    const Result<json::Document> document = json::Parse(plain_body_);
    return document && document->root()["test"].StringOr("") == "test";
  }

  std::optional<Refusal> CheckWhole() {
    if (!parser_) {
      return Refusal{400, "form",
                     "File or upload field not found: the request is not multipart/form-data; "
                     "send the archive as part file of such a form"};
    }
    if (const Result<void> whole = parser_->Finish(); !whole) {
      return Refusal{400, "form",
                     fmt::format("File or upload field not found: {}", whole.error().message())};
    }
    if (!form_.has_archive()) {
      return Refusal{400, "form",
                     "File or upload field not found: send the archive as part file or upload"};
    }
    return std::nullopt;
  }

  const std::shared_ptr<Context> context_;
  UploadHead head_;
  UploadForm form_;
  std::optional<http::MultipartParser> parser_;
  std::unique_ptr<blob::Writer> writer_;
  std::string plain_body_;
  std::uint64_t body_bytes_ = 0;
  std::optional<Refusal> refusal_;
  bool finished_ = false;
};

// The client's own id where it is one; whether it is new shows when the archive begins.
std::string RequestIdFor(Context& context, const http::Request& request) {
  const std::string_view own = request.Header(kRequestIdHeader);
  if (IsRequestId(own)) return std::string(own);
  return context.parts.random.Hex(kRequestIdDigits);
}

std::optional<std::uint64_t> ContentLength(const http::Request& request) {
  const std::string_view text = request.Header("content-length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || text.empty()) return std::nullopt;
  return bytes;
}

}  // namespace

Context::Context(Settings given_settings, const Parts& given_parts, Build given_build)
    : settings(std::move(given_settings)),
      parts(given_parts),
      build(std::move(given_build)),
      bytes_(parts.metrics.MakeHistogram(metrics::kUploadBytes)),
      seconds_(parts.metrics.MakeHistogram(metrics::kUploadSeconds)) {}

bool Context::Enter() {
  if (uploads_.fetch_add(1) < settings.uploads_max) return true;
  uploads_.fetch_sub(1);
  return false;
}

void Context::Count(std::string_view outcome) {
  const std::lock_guard lock(mutex_);
  auto found = outcomes_.find(outcome);
  if (found == outcomes_.end()) {
    found = outcomes_
                .emplace(outcome, parts.metrics.MakeCounter(metrics::kUploads,
                                                            {{"outcome", std::string(outcome)}}))
                .first;
  }
  found->second.Add();
}

void Context::Observe(std::uint64_t archive_bytes, microseconds duration) {
  bytes_.Observe(static_cast<double>(archive_bytes));
  seconds_.Observe(static_cast<double>(duration.count()) / 1e6);
}

http::StreamStart StartUpload(const std::shared_ptr<Context>& context,
                              const http::Request& request) {
  UploadHead head;
  head.started = context->parts.clock.Steady();
  head.request_id = RequestIdFor(*context, request);
  head.cluster = http::ClusterOfUserAgent(request.Header("user-agent"));
  if (!head.cluster.empty()) head.proof = announce::ClusterProof::kUserAgent;

  const auto refuse = [&](Refusal refusal) {
    LogRejected(head, refusal, microseconds(0));
    context->Count(refusal.outcome);
    return RefusedResponse(refusal.status, head.request_id, refusal.message);
  };
  const auto caller = context->parts.identity->Identify(request);
  if (!caller) {
    return refuse({400, "identity", fmt::format("Bad Request: {}", Describe(caller.error()))});
  }
  head.caller = *caller;
  if (!caller->certified_cluster.empty()) {
    head.cluster = caller->certified_cluster;
    head.proof = announce::ClusterProof::kCertificate;
  }
  kLog.Info(log::event::kUploadReceived, "upload begins",
            {{"request_id", head.request_id},
             {"org_id", std::to_string(head.caller.org_id)},
             {"cluster", head.cluster}});
  const std::uint64_t form_bytes_max = context->settings.body_bytes_max + kFormBytesMax;
  if (const auto bytes = ContentLength(request); bytes && *bytes > form_bytes_max) {
    return refuse({413, "size",
                   fmt::format("a form of {} bytes is over ingress.body_bytes_max ({} bytes for "
                               "the archive); send less or raise it",
                               *bytes, context->settings.body_bytes_max)});
  }
  std::string boundary;
  const std::string_view type = request.Header("content-type");
  if (Result<std::string> found = http::BoundaryOf(type)) {
    boundary = std::move(*found);
  } else if (!type.starts_with("application/json") &&
             !type.starts_with("application/x-www-form-urlencoded")) {
    return refuse({400, "form",
                   fmt::format("File or upload field not found: {}; send the archive as part "
                               "file of such a form",
                               found.error().message())});
  }
  if (!context->Enter()) {
    return refuse({503, "busy",
                   fmt::format("as many uploads are under way as ingress.uploads_max allows ({}); "
                               "send it again later",
                               context->settings.uploads_max)});
  }
  return std::make_unique<UploadConsumer>(context, std::move(head), boundary);
}

http::Response AcceptedResponse(int status, const UploadHead& head) {
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("request_id").String(head.request_id).Key("upload").BeginObject();
  if (!head.caller.account_number.empty()) {
    w.Key("account_number").String(head.caller.account_number);
  }
  w.Key("org_id").String(std::to_string(head.caller.org_id)).EndObject().EndObject();
  body += '\n';
  return http::JsonResponse(status, std::move(body)).With(kRequestIdHeader, head.request_id);
}

http::Response RefusedResponse(int status, std::string_view request_id, std::string_view message) {
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("request_id").String(request_id).Key("status").String(message).EndObject();
  body += '\n';
  return http::JsonResponse(status, std::move(body)).With(kRequestIdHeader, request_id);
}

}  // namespace insightd::ingress
