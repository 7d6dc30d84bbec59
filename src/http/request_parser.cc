#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

#include "http/identity.h"

namespace insightd::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

// Space for so many is taken at once.
constexpr std::size_t kUsualHeaders = 8;

std::string ToString(BeastView text) { return {text.data(), text.size()}; }

// One that goes on in the next line (RFC 9112 5.2), which Beast would join. `lines` are whole ones.
bool HasFoldedLine(std::string_view lines) {
  for (std::size_t begin = 0; begin < lines.size();) {
    if (lines[begin] == ' ' || lines[begin] == '\t') return true;
    const std::size_t end = lines.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return false;
}

bool ConsistsOf(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

// A uri-host with or without a port (RFC 9110 7.2), but neither empty, which is for addresses
// without a host, nor with a comma, which some read as two.
bool IsHost(std::string_view text) {
  const std::size_t port = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (port != std::string_view::npos) {
    const std::string_view digits = text.substr(port + 1);
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
    text = text.substr(0, port);
  }
  if (text.starts_with('[')) {
    return text.size() > 2 && text.ends_with(']') &&
           ConsistsOf(text.substr(1, text.size() - 2), ":.%-_~");
  }
  return !text.empty() && ConsistsOf(text, "-._~%!$&'()*+;=");
}

}  // namespace

struct RequestParser::Impl : beast::http::basic_parser<true> {
  void on_request_impl(beast::http::verb, BeastView method, BeastView target, int version,
                       error_code&) override {
    request->method = ParseMethod({method.data(), method.size()});
    request->target = ToString(target);
    request->headers.reserve(kUsualHeaders);
    is_http_1_0 = version == 10;
  }
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_field_impl(beast::http::field name, BeastView name_string, BeastView value,
                     error_code&) override {
    if (in_body) return;  // a field behind a chunked body says nothing that we want to know
    if (name == beast::http::field::expect && beast::iequals(value, "100-continue")) {
      expects_continue = true;
    }
    if (name == beast::http::field::content_length) ++lengths;
    if (name == beast::http::field::host) {
      ++hosts;
      bad_host = bad_host || !IsHost({value.data(), value.size()});
    }
    // Another one, or two of them, and readers might not agree on where the request ends.
    if (name == beast::http::field::transfer_encoding) {
      unknown_encoding = unknown_encoding || is_encoded || !beast::iequals(value, "chunked");
      is_encoded = true;
    }
    if (beast::iequals(name_string, kIdentityHeader)) {
      if (identity) {
        request->headers[*identity].value.append(", ").append(value.data(), value.size());
        return;
      }
      identity = request->headers.size();
    }
    request->headers.push_back({ToString(name_string), ToString(value)});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView bytes, error_code& error) override {
    if (!(*sink)({bytes.data(), bytes.size()})) {
      refused = true;
      error = beast::http::error::need_buffer;
    }
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code& error) override {
    return bytes.empty() ? 0 : on_body_impl(bytes, error);
  }
  void on_finish_impl(error_code&) override {}

  Request* request = nullptr;
  const Sink* sink = nullptr;
  std::size_t head_bytes = 0;
  std::size_t head_bytes_max = 0;
  bool in_body = false;
  bool refused = false;
  bool is_http_1_0 = false;
  bool expects_continue = false;
  int lengths = 0;
  int hosts = 0;
  bool bad_host = false;
  std::optional<std::size_t> identity;  // among the request's headers
  bool is_encoded = false;
  bool unknown_encoding = false;
};

RequestParser::RequestParser(std::size_t head_bytes_max) : impl_(std::make_unique<Impl>()) {
  impl_->head_bytes_max = head_bytes_max;
  impl_->header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(head_bytes_max, std::numeric_limits<std::uint32_t>::max())));
  impl_->body_limit(boost::none);
  impl_->eager(false);
}

RequestParser::~RequestParser() = default;

Result<std::size_t> RequestParser::PutHead(std::string_view bytes, Request& request) {
  impl_->request = &request;
  error_code error;
  const std::size_t used = impl_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  // Beast's own limit is for what has not been taken yet; this one is for the whole head.
  impl_->head_bytes += used;
  const bool over = impl_->head_bytes + (impl_->is_header_done() ? 0 : bytes.size() - used) >
                    impl_->head_bytes_max;
  if (over || error == beast::http::error::header_limit) {
    return Fail(Code::kTooLarge,
                "the head of the request is over the limit of " +
                    std::to_string(impl_->head_bytes_max) +
                    " bytes (http.head_bytes_max); send a shorter path or fewer header "
                    "fields, or raise it");
  }
  if (error && error != beast::http::error::need_more) {
    return Fail(Code::kInvalid, "not a valid HTTP request: " + error.message());
  }
  if (HasFoldedLine(bytes.substr(0, used))) {
    return Fail(Code::kInvalid,
                "not a valid HTTP request: a line of its head begins with a blank; each header "
                "field is to be one line");
  }
  if (impl_->is_header_done()) {
    if (impl_->lengths > 1) {
      return Fail(Code::kInvalid,
                  "not a valid HTTP request: it has more than one field Content-Length");
    }
    if (impl_->unknown_encoding || (impl_->is_encoded && impl_->is_http_1_0)) {
      return Fail(Code::kInvalid,
                  "not a valid HTTP request: the only Transfer-Encoding that is taken is one "
                  "`chunked`, of HTTP/1.1");
    }
    if (impl_->hosts > 1 || (impl_->hosts == 0 && !impl_->is_http_1_0)) {
      return Fail(Code::kInvalid, std::string("not a valid HTTP request: it has ") +
                                      (impl_->hosts == 0 ? "no" : "more than one") + " field Host");
    }
    if (impl_->bad_host) {
      return Fail(Code::kInvalid,
                  "not a valid HTTP request: its field Host is no host, with or without a port");
    }
    impl_->in_body = true;
  }
  return used;
}

Result<std::size_t> RequestParser::PutBody(std::string_view bytes, const Sink& sink) {
  impl_->sink = &sink;
  std::size_t used = 0;
  while (!impl_->is_done() && !impl_->refused && used < bytes.size()) {
    error_code error;
    used += impl_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), error);
    if (error == beast::http::error::need_more || impl_->refused) break;
    if (error) {
      return Fail(Code::kInvalid, "the body of the request is not valid HTTP: " + error.message());
    }
  }
  return used;
}

bool RequestParser::started() const { return impl_->got_some(); }
bool RequestParser::head_done() const { return impl_->is_header_done(); }
bool RequestParser::done() const { return impl_->is_done(); }

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = impl_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::http_1_0() const { return impl_->is_http_1_0; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }

}  // namespace insightd::http
