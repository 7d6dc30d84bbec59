#include "http/address.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace insightd::http {
namespace {

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Address> Split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<std::uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return Address{std::string(host), *port};
}

}  // namespace

Result<Address> ParseAddress(std::string_view setting, std::string_view text) {
  if (std::optional<Address> address = Split(text)) return *std::move(address);
  return Fail(Code::kInvalid,
              fmt::format("{} = \"{}\" is not an address: write host:port, [::1]:port or :port",
                          setting, text));
}

}  // namespace insightd::http
