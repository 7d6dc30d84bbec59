// cidr_overlaps, cidr_contains, cidr_prefix: ranges of IPv4 and IPv6 addresses.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

struct Address {
  int family = 0;
  std::array<std::uint8_t, 16> bytes{};
  int bits() const { return family == AF_INET ? 32 : 128; }
};

struct Range {
  Address address;
  int prefix = 0;
};

std::optional<Address> ReadAddress(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  Address address;
  address.family = text.find(':') == text.npos ? AF_INET : AF_INET6;
  const std::string ended(text);
  if (inet_pton(address.family, ended.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::optional<Range> ReadRange(const Value& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.AsString();
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const std::optional<Address> address = ReadAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  Range range{*address, 0};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix);
  const bool all_read = error == std::errc() && end == digits.data() + digits.size();
  // "/08" may mean 8 or come from octal, so that it means nothing.
  const bool has_zeros = digits.size() > 1 && digits.starts_with('0');
  if (!all_read || has_zeros || digits.starts_with('-') || range.prefix > address->bits()) {
    return std::nullopt;
  }
  return range;
}

bool SamePrefix(const Address& a, const Address& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  if (bits % 8 == 0) return true;
  const int shift = 8 - bits % 8;
  return a.bytes[whole] >> shift == b.bytes[whole] >> shift;
}

Value Overlaps(cel::Context&, const Value* args, const void*) {
  const std::optional<Range> a = ReadRange(args[0]);
  const std::optional<Range> b = ReadRange(args[1]);
  if (!a || !b || a->address.family != b->address.family) return Value::Bool(false);
  return Value::Bool(SamePrefix(a->address, b->address, std::min(a->prefix, b->prefix)));
}

Value Contains(cel::Context&, const Value* args, const void*) {
  const std::optional<Range> range = ReadRange(args[0]);
  if (!range || !args[1].is_string()) return Value::Bool(false);
  const std::optional<Address> address = ReadAddress(args[1].AsString());
  if (!address || address->family != range->address.family) return Value::Bool(false);
  return Value::Bool(SamePrefix(range->address, *address, range->prefix));
}

Value Prefix(cel::Context&, const Value* args, const void*) {
  const std::optional<Range> range = ReadRange(args[0]);
  return Value::Int(range ? range->prefix : -1);
}

}  // namespace

void AddCidr(cel::Environment& environment) {
  const Type dyn = Type::Dyn();
  environment.AddFunction({"cidr_overlaps", {{{dyn, dyn}, Type::Bool(), Overlaps}}});
  environment.AddFunction({"cidr_contains", {{{dyn, dyn}, Type::Bool(), Contains}}});
  environment.AddFunction({"cidr_prefix", {{{dyn}, Type::Int(), Prefix}}});
}

}  // namespace insightd::rules
