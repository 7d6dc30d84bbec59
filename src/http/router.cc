#include "http/router.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

namespace insightd::http {
namespace {

// The first segment of what is left of a path, which is not empty, taken off.
std::string_view TakeSegment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

// "/a/b" has the segments "a" and "b", and so has "/a/b/".
std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    if (const std::string_view segment = TakeSegment(path); !segment.empty()) {
      segments.push_back(segment);
    }
  }
  return segments;
}

// The shortest form of an absolute path; a slash at the end stays.
std::string CleanPath(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : Segments(path)) {
    if (segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.push_back(segment);
    }
  }
  std::string clean;
  for (const std::string_view segment : kept) clean.append("/").append(segment);
  if (clean.empty() || path.back() == '/') clean += '/';
  return clean;
}

bool IsClean(std::string_view path) {
  return path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

// The values of a path's variables on the way to its node.
struct Values {
  std::array<std::string_view, Router::kVariablesMax> at;
  std::size_t size = 0;
};

constexpr std::string_view kIngressPaths = "/api/ingress/";

// Clients of the upload path read why; those of the other APIs get what the originals send.
Response UnknownPath(const Request& request) {
  if (!request.path.starts_with(kIngressPaths)) return NotFoundResponse();
  return ErrorResponse(404, "there is nothing at " + request.path +
                                "; archives are sent by POST to /api/ingress/v1/upload");
}

Response AnswerOf(AnswerOrWork given) {
  const auto* work = std::get_if<Work>(&given);
  return work != nullptr ? (*work)() : std::get<Response>(std::move(given));
}

Response OtherMethod(const Request& request, const std::string& allowed) {
  Response response{.status = 405};
  if (request.path.starts_with(kIngressPaths)) {
    response = ErrorResponse(405, request.path + " takes other methods only: " + allowed);
  }
  return std::move(response).With("Allow", allowed);
}

}  // namespace

// A place in the tree of segments. A pattern may end here without a slash, with one, or both.
struct Router::Node {
  using Routes = std::array<std::unique_ptr<Route>, static_cast<std::size_t>(Method::kOther)>;
  struct End {
    bool used = false;
    std::vector<std::string> names;  // of the variables on the way here
    Routes routes;
    std::string allowed;  // "GET, PUT, OPTIONS"
  };

  // The node that the rest of a path leads to. An empty segment is none.
  const Node* Find(std::string_view rest, Values& values) const;

  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> variable;
  End plain;
  End slashed;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::Insert(Method method, std::string_view pattern, Route route) {
  INSIGHTD_ASSERT(!pattern.empty() && pattern.front() == '/' && method != Method::kOther);
  Node* node = root_.get();
  std::vector<std::string> names;
  for (const std::string_view segment : Segments(pattern)) {
    if (segment.front() == '{') {
      INSIGHTD_ASSERT(segment.back() == '}');
      names.emplace_back(segment.substr(1, segment.size() - 2));
      if (!node->variable) node->variable = std::make_unique<Node>();
      node = node->variable.get();
    } else {
      auto& child = node->literals[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
  }
  INSIGHTD_ASSERT(names.size() <= kVariablesMax);
  Node::End& end = pattern.back() == '/' ? node->slashed : node->plain;
  // Two methods of one path share the names of its variables.
  INSIGHTD_ASSERT(!end.used || end.names == names);
  end.used = true;
  end.names = std::move(names);
  auto& slot = end.routes[static_cast<std::size_t>(method)];
  INSIGHTD_ASSERT(slot == nullptr);
  end.allowed.append(MethodName(method)).append(", ");
  slot = std::make_unique<Route>(std::move(route));
}

void Router::Add(Method method, std::string_view pattern, Handler handler,
                 std::uint64_t body_bytes_max) {
  AddGuarded(
      method, pattern,
      [handler = std::move(handler)](const Request& request) -> AnswerOrWork {
        return [&handler, &request] { return handler(request); };
      },
      body_bytes_max);
}

void Router::AddGuarded(Method method, std::string_view pattern, Guard guard,
                        std::uint64_t body_bytes_max) {
  Insert(method, pattern,
         {.pattern = std::string(pattern),
          .guard = std::move(guard),
          .stream = nullptr,
          .body_bytes_max = body_bytes_max});
}

void Router::AddStream(Method method, std::string_view pattern, StreamHandler handler,
                       std::uint64_t body_bytes_max) {
  Insert(method, pattern,
         {.pattern = std::string(pattern),
          .guard = nullptr,
          .stream = std::move(handler),
          .body_bytes_max = body_bytes_max});
}

void Router::SetFallback(Handler handler) { fallback_ = std::move(handler); }

const Router::Node* Router::Node::Find(std::string_view rest, Values& values) const {
  std::string_view segment;
  while (segment.empty() && !rest.empty()) segment = TakeSegment(rest);
  if (segment.empty()) return plain.used || slashed.used ? this : nullptr;
  if (const auto literal = literals.find(segment); literal != literals.end()) {
    if (const Node* found = literal->second->Find(rest, values)) return found;
  }
  if (!variable) return nullptr;
  values.at[values.size++] = segment;
  if (const Node* found = variable->Find(rest, values)) return found;
  --values.size;
  return nullptr;
}

Router::Match Router::Find(Request& request) const {
  if (!IsClean(request.path)) {
    std::string clean = CleanPath(request.path);
    if (clean != request.path) return MovedTo(clean, request);
  }
  Values values;
  const Node* node = root_->Find(request.path, values);
  if (node == nullptr) {
    return Unmatched(request);
  }
  const bool slashed = request.path.back() == '/';
  const Node::End& own = slashed ? node->slashed : node->plain;
  const Node::End& other = slashed ? node->plain : node->slashed;
  const auto index = static_cast<std::size_t>(request.method);
  const auto has_method = [&](const Node::End& end) {
    return index < end.routes.size() && end.routes[index] != nullptr;
  };
  if (own.used && has_method(own)) {
    request.variables.reserve(values.size);
    for (std::size_t i = 0; i < values.size; ++i) {
      request.variables.push_back({own.names[i], std::string(values.at[i])});
    }
    return own.routes[index].get();
  }
  if (!own.used && has_method(other)) {
    return MovedTo(slashed ? request.path.substr(0, request.path.size() - 1) : request.path + '/',
                   request);
  }
  if (!own.used) return Unmatched(request);
  if (hides_methods_) return Response{.status = 405};
  if (request.method == Method::kOptions) {
    return Response{.status = 204}.With("Allow", own.allowed + "OPTIONS");
  }
  return OtherMethod(request, own.allowed + "OPTIONS");
}

// Answered without waiting for a body, which nobody would read.
Response Router::Unmatched(const Request& request) const {
  if (fallback_ && !request.path.starts_with(kIngressPaths)) return fallback_(request);
  return UnknownPath(request);
}

Response Router::Answer(Request request) const {
  if (request.path.empty()) {
    if (auto split = SplitTarget(request); !split) {
      return ErrorResponse(400, split.error().message());
    }
  }
  Match match = Find(request);
  if (auto* response = std::get_if<Response>(&match)) return std::move(*response);
  const Route& route = *std::get<const Route*>(match);
  if (route.body_bytes_max == 0) request.body.clear();
  if (route.guard) return AnswerOf(route.guard(request));
  StreamStart start = route.stream(request);
  if (auto* response = std::get_if<Response>(&start)) return std::move(*response);
  auto& consumer = std::get<std::unique_ptr<BodyConsumer>>(start);
  auto answer = std::make_shared<Response>(Response{.status = 0});
  consumer->Data(request.body);
  consumer->Finish([answer](AnswerOrWork given) {
    if (answer->status == 0) *answer = AnswerOf(std::move(given));
  });
  return *answer;
}

Response MovedTo(std::string_view path, const Request& request) {
  std::string location = PercentEncodePath(path);
  if (!request.query.empty()) location.append("?").append(request.query);
  return Response{.status = 301}.With("Location", location);
}

Response NotFoundResponse() { return TextResponse(404, "404 page not found\n"); }

}  // namespace insightd::http
