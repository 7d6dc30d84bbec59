#include "api/aggregator/endpoints.h"

#include <span>
#include <string>
#include <utility>
#include <variant>

#include "api/aggregator/answers.h"
#include "api/aggregator/identity.h"
#include "api/aggregator/metric_set.h"

namespace insightd::api::aggregator {
// Shared by the route, its other form, and answers on their way.
class Endpoints::Endpoint {
 public:
  Endpoint(std::shared_ptr<const Service> service, std::string pattern, RouteManner manner)
      : service_(std::move(service)),
        pattern_(std::move(pattern)),
        manner_(manner),
        metrics_(service_->parts.metrics, service_->options.metrics_namespace, pattern_) {}

  const std::string& pattern() const { return pattern_; }
  const RouteManner& manner() const { return manner_; }
  const Service& service() const { return *service_; }

  microseconds Begin() {
    metrics_.CountRequest();
    return service_->parts.clock->Steady();
  }
  // Gives the answer back.
  http::Response End(microseconds begin, http::Response response) {
    metrics_.NoteTime(service_->parts.clock->Steady() - begin);
    if (manner_.counts_success || response.status >= 300) metrics_.CountStatus(response.status);
    return response;
  }

  // Who asks, or why there is no answer.
  Param<Call> Identify(const http::Request& request) const {
    Call call{.service = *service_, .request = request};
    if (service_->options.auth && !IsOpen(request.target)) {
      const auto asker =
          OrganizationOfIdentity(request.Header("x-rh-identity"), service_->options.auth_type);
      if (!asker) return tl::unexpected(asker.error());
      call.asker = *asker;
    }
    return call;
  }
  // The same, where there is a storage to ask.
  Param<Call> Admit(const http::Request& request) const {
    Param<Call> call = Identify(request);
    if (call && !HasStorage()) return tl::unexpected(InternalError());
    return call;
  }

 private:
  bool HasStorage() const {
    switch (manner_.storage) {
      case Storage::kNone: return true;
      case Storage::kRecommendations: return service_->options.recommendations;
      case Storage::kWorkloads: return service_->options.workloads;
    }
    __builtin_unreachable();
  }
  bool IsOpen(std::string_view target) const {
    if (!manner_.open) return false;
    if (target.ends_with('?')) target.remove_suffix(1);
    return target == pattern_;
  }

  const std::shared_ptr<const Service> service_;
  const std::string pattern_;
  const RouteManner manner_;
  EndpointMetrics metrics_;
};

// Asks when the request is whole, and notes when the answer goes out.
class Endpoints::Asking final : public http::BodyConsumer {
 public:
  Asking(std::shared_ptr<Endpoint> endpoint, microseconds begin, Ask ask)
      : endpoint_(std::move(endpoint)), begin_(begin), ask_(std::move(ask)) {}

  bool Data(std::span<const char>) override { return true; }  // nothing that is wanted
  void Finish(http::Done done) override {
    ask_([endpoint = endpoint_, begin = begin_, done = std::move(done)](http::AnswerOrWork answer) {
      if (auto* work = std::get_if<http::Work>(&answer)) {
        done([endpoint, begin, work = std::move(*work)] { return endpoint->End(begin, work()); });
      } else {
        done(endpoint->End(begin, std::get<http::Response>(std::move(answer))));
      }
    });
  }

 private:
  const std::shared_ptr<Endpoint> endpoint_;
  const microseconds begin_;
  const Ask ask_;
};

namespace {

std::string PatternOf(const Service& service, std::string_view path, const RouteManner& manner) {
  return manner.below_prefix ? service.options.api_prefix + std::string(path) : std::string(path);
}

}  // namespace

void Endpoints::AddCommon(http::Method method, const std::shared_ptr<Endpoint>& endpoint) {
  const bool options = endpoint->manner().takes_options;
  if (options) {
    router_.Add(http::Method::kOptions, endpoint->pattern(), [endpoint](const http::Request&) {
      return endpoint->End(endpoint->Begin(), {.status = 200});
    });
  }
  const std::string& pattern = endpoint->pattern();
  if (pattern == "/") return;  // has no other form
  const bool slashed = pattern.back() == '/';
  const auto move = [endpoint, slashed](const http::Request& request) -> http::AnswerOrWork {
    const microseconds begin = endpoint->Begin();
    if (request.method != http::Method::kOptions) {
      Param<Call> call = endpoint->Identify(request);
      if (!call) return endpoint->End(begin, std::move(call).error());
    }
    const std::string& path = request.path;
    return endpoint->End(
        begin, http::MovedTo(slashed ? path + '/' : path.substr(0, path.size() - 1), request));
  };
  const std::string other = slashed ? pattern.substr(0, pattern.size() - 1) : pattern + '/';
  router_.AddGuarded(method, other, move);
  if (options) router_.AddGuarded(http::Method::kOptions, other, move);
}

void Endpoints::Add(http::Method method, std::string_view path, Handler handler,
                    RouteManner manner) {
  const auto endpoint =
      std::make_shared<Endpoint>(service_, PatternOf(*service_, path, manner), manner);
  router_.AddGuarded(
      method, endpoint->pattern(),
      [endpoint, handler](const http::Request& request) -> http::AnswerOrWork {
        const microseconds begin = endpoint->Begin();
        Param<Call> call = endpoint->Admit(request);
        if (!call) return endpoint->End(begin, std::move(call).error());
        return [endpoint, handler, begin, call = *call] {
          return endpoint->End(begin, handler(call));
        };
      },
      manner.reads_body ? service_->options.body_bytes_max : 0);
  AddCommon(method, endpoint);
}

void Endpoints::Add(http::Method method, std::string_view path, AskHandler handler,
                    RouteManner manner) {
  const auto endpoint =
      std::make_shared<Endpoint>(service_, PatternOf(*service_, path, manner), manner);
  router_.AddStream(
      method, endpoint->pattern(),
      [endpoint, handler](const http::Request& request) -> http::StreamStart {
        const microseconds begin = endpoint->Begin();
        Param<Call> call = endpoint->Admit(request);
        if (!call) return endpoint->End(begin, std::move(call).error());
        Param<Ask> ask = handler(*call);
        if (!ask) return endpoint->End(begin, std::move(ask).error());
        return std::make_unique<Asking>(endpoint, begin, *std::move(ask));
      },
      /*body_bytes_max=*/0);
  AddCommon(method, endpoint);
}

}  // namespace insightd::api::aggregator
