// Which handler answers which request.
//
// Patterns are paths with `{variables}`, each of which stands for one non-empty segment of the
// decoded path; a segment that is written out goes before a variable. As clients of the original
// services expect it:
//
// * a path that is not in its shortest form (`//`, `/./`, `/../`) is answered 301 to that form;
// * a path that matches but for the slash at its end is answered 301 to the route's own form;
// * an unknown path is answered 404 as text, a known one with another method 405 without body;
//   below /api/ingress/ both have a JSON body that says why;
// * OPTIONS on a known path is answered 204 and runs no handler.
//
// Where HideMethods was called, 405 does not say which methods there are, and OPTIONS is a method
// as any other.
//
// Filled before the server starts, then only read: Find is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace insightd::http {

// Makes the answer on a thread that may wait.
using Work = std::function<Response()>;
using AnswerOrWork = std::variant<Response, Work>;

// Takes the answer of a request, or the work that makes it; call it once, from any thread. Further
// calls do nothing, and a call after the server has stopped does nothing either. The request lives
// until such work is done.
using Done = std::function<void(AnswerOrWork)>;

// Whether somebody may soon find no place: from then on nobody may keep one for next to nothing.
constexpr bool AreScarce(std::uint64_t taken, std::uint64_t places) { return taken > places / 2; }

// Takes the body of one request as it comes, so that it is nowhere whole. Calls come one at a time
// from threads of the server. When the client goes away or falls silent the consumer is destroyed
// without Finish: whatever it made must then go too.
class BodyConsumer {
 public:
  virtual ~BodyConsumer() = default;
  // `bytes` are valid during the call. False: enough seen, Finish comes next and the rest of the
  // body is not wanted.
  virtual bool Data(std::span<const char> bytes) = 0;
  // Whether more may come now. If not, the connection is not read until `wake` has been called:
  // from any thread, once, and not when the consumer is gone.
  virtual bool WhenReady(std::function<void()> wake) {
    static_cast<void>(wake);
    return true;
  }
  // Whether it has one of few places of its own kind, so that its body has to get on as one that is
  // kept (ServerOptions::held_bytes_s_min).
  virtual bool PlacesAreScarce() const { return false; }
  // The body is whole (or Data said false): answer through `done`, now or later. No thread waits.
  // The consumer lives until the answer has been taken, and its work is done.
  virtual void Finish(Done done) = 0;
};

// Either the consumer of the body or an answer before the body is read.
using StreamStart = std::variant<std::unique_ptr<BodyConsumer>, Response>;

class Router {
 public:
  // Answers at once. Runs on a thread of the server, so it may wait for a look-up, not for more.
  using Handler = std::function<Response(const Request&)>;
  // Sees a request when its head is there, and must not wait: answers who is let no further, before
  // anything of a body is kept, or gives the work that answers when the body is there, too.
  using Guard = std::function<AnswerOrWork(const Request&)>;
  // The request outlives the consumer.
  using StreamHandler = std::function<StreamStart(const Request&)>;

  // A pattern with more variables is a mistake of ours.
  static constexpr std::size_t kVariablesMax = 8;

  struct Route {
    std::string pattern;
    Guard guard;  // one of the two
    StreamHandler stream;
    std::uint64_t body_bytes_max = 0;
  };
  // Either a route, with the request's variables set, or the answer.
  using Match = std::variant<const Route*, Response>;

  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // A body whose announced length is over `body_bytes_max` is answered 413 before it is read; one
  // without announced length is cut off there. The handler's own limits may be narrower. With 0 the
  // route takes no body, and none is waited for.
  //
  // The same method and pattern twice is a mistake of ours.
  void Add(Method method, std::string_view pattern, Handler handler,
           std::uint64_t body_bytes_max = 0);
  void AddGuarded(Method method, std::string_view pattern, Guard guard,
                  std::uint64_t body_bytes_max = 0);
  void AddStream(Method method, std::string_view pattern, StreamHandler handler,
                 std::uint64_t body_bytes_max);
  void HideMethods() { hides_methods_ = true; }
  // Answers what no pattern matches: pages. It gets no body. Without it that is 404.
  void SetFallback(Handler handler);

  Match Find(Request& request) const;

  // For tests and for who asks without a socket: routes, feeds `request.body`, waits for nothing:
  // an answer that comes later is given as status 0.
  Response Answer(Request request) const;

 private:
  struct Node;

  Response Unmatched(const Request& request) const;
  void Insert(Method method, std::string_view pattern, Route route);

  std::unique_ptr<Node> root_;
  Handler fallback_;
  bool hides_methods_ = false;
};

// 404 as the original services answer it.
Response NotFoundResponse();
// 301 to that decoded path, with the query of the request.
Response MovedTo(std::string_view path, const Request& request);

}  // namespace insightd::http
