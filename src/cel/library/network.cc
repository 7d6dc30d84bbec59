// IP addresses and ranges: ip, cidr, isIP, isCIDR and what can be asked of them.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "cel/library/helpers.h"
#include "cel/library/library.h"

namespace insightd::cel {
namespace {

constexpr const char* kIpName = "net.IP";
constexpr const char* kCidrName = "net.CIDR";
constexpr int kV4Bits = 32;
constexpr int kV6Bits = 128;

// Bytes behind the address's own are 0.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;

  int bits() const { return v4 ? kV4Bits : kV6Bits; }
  friend bool operator==(const Address&, const Address&) = default;
};

// Without zones and without IPv4 addresses in the form of IPv6.
std::optional<Address> ParseAddress(std::string_view text) {
  constexpr std::size_t kTextMax = 45;
  if (text.empty() || text.size() > kTextMax || text.find('\0') != text.npos) return std::nullopt;
  const std::string spelled(text);
  Address address;
  if (::inet_pton(AF_INET, spelled.c_str(), address.bytes.data()) == 1) {
    address.v4 = true;
    return address;
  }
  if (::inet_pton(AF_INET6, spelled.c_str(), address.bytes.data()) != 1) return std::nullopt;
  const bool mapped = std::all_of(address.bytes.begin(), address.bytes.begin() + 10,
                                  [](std::uint8_t b) { return b == 0; }) &&
                      address.bytes[10] == 0xff && address.bytes[11] == 0xff;
  if (mapped) return std::nullopt;
  return address;
}

// As RFC 5952 has it: lower case, the longest run of zeros left out.
std::string AddressText(const Address& address) {
  const auto& b = address.bytes;
  if (address.v4) return fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]);
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < 8; ++i) groups[i] = unsigned{b[2 * i]} << 8 | b[2 * i + 1];
  std::size_t zeros_at = 8;
  std::size_t zeros = 1;  // a single group is written out
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > zeros) {
      zeros = end - i;
      zeros_at = i;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == zeros_at) {
      text += "::";
      i += zeros - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

Address Masked(Address address, int length) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(length - 8 * i, 0, 8);
    address.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept);
  }
  return address;
}

class Ip final : public Opaque {
 public:
  explicit Ip(const Address& address) : address_(address) {}
  std::string_view type_name() const override { return kIpName; }
  bool Equals(const Opaque& other) const override {
    return other.type_name() == kIpName && static_cast<const Ip&>(other).address_ == address_;
  }
  std::string Text() const override { return AddressText(address_); }
  const Address& address() const { return address_; }

 private:
  Address address_;
};

class Cidr final : public Opaque {
 public:
  Cidr(const Address& address, int length) : address_(address), length_(length) {}
  std::string_view type_name() const override { return kCidrName; }
  bool Equals(const Opaque& other) const override {
    if (other.type_name() != kCidrName) return false;
    const auto& cidr = static_cast<const Cidr&>(other);
    return cidr.address_ == address_ && cidr.length_ == length_;
  }
  std::string Text() const override { return fmt::format("{}/{}", AddressText(address_), length_); }
  const Address& address() const { return address_; }
  int length() const { return length_; }
  bool Contains(const Address& address) const {
    return address.v4 == address_.v4 && Masked(address, length_) == Masked(address_, length_);
  }

 private:
  Address address_;
  int length_;
};

std::optional<Cidr> ParseCidr(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == text.npos) return std::nullopt;
  const auto address = ParseAddress(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  if (!address || digits.empty() || digits.size() > 3 || (digits[0] == '0' && digits.size() > 1)) {
    return std::nullopt;
  }
  int length = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + (c - '0');
  }
  if (length > address->bits()) return std::nullopt;
  return Cidr(*address, length);
}

// Null when the value is of another type of the host's.
const Ip* AsIp(const Value& value) {
  const Opaque* opaque = value.AsOpaque();
  return opaque->type_name() == kIpName ? static_cast<const Ip*>(opaque) : nullptr;
}
const Cidr* AsCidr(const Value& value) {
  const Opaque* opaque = value.AsOpaque();
  return opaque->type_name() == kCidrName ? static_cast<const Cidr*>(opaque) : nullptr;
}
Value WrongType(Context& context, const Value& value) {
  return context.Error("no such overload: for ", Value::TypeName(value.AsOpaque()->type_name()));
}
Value NoAddress(Context& context, const Value& text) {
  return context.Error("no IP address: ", text);
}
Value NoRange(Context& context, const Value& text) { return context.Error("no CIDR: ", text); }

Value IpValue(Context& context, const Address& address) {
  return Value::OpaqueOf(context.arena().New<Ip>(address));
}
Value CidrValue(Context& context, const Cidr& cidr) {
  return Value::OpaqueOf(context.arena().New<Cidr>(cidr));
}

Value IsIp(Context&, const Value* args, const void*) {
  return Value::Bool(ParseAddress(args[0].AsString()).has_value());
}
Value IsCidr(Context&, const Value* args, const void*) {
  return Value::Bool(ParseCidr(args[0].AsString()).has_value());
}
Value MakeIp(Context& context, const Value* args, const void*) {
  const auto address = ParseAddress(args[0].AsString());
  return address ? IpValue(context, *address) : NoAddress(context, args[0]);
}
Value MakeCidr(Context& context, const Value* args, const void*) {
  const auto cidr = ParseCidr(args[0].AsString());
  return cidr ? CidrValue(context, *cidr) : NoRange(context, args[0]);
}
Value IsCanonical(Context& context, const Value* args, const void*) {
  const auto address = ParseAddress(args[0].AsString());
  if (!address) return NoAddress(context, args[0]);
  return Value::Bool(AddressText(*address) == args[0].AsString());
}

bool IsLoopback(const Address& a) {
  if (a.v4) return a.bytes[0] == 127;
  Address one;
  one.bytes[15] = 1;
  return a == one;
}
bool IsUnspecified(const Address& a) {
  Address zero;
  zero.v4 = a.v4;
  return a == zero;
}
bool IsMulticast(const Address& a) {
  return a.v4 ? (a.bytes[0] & 0xf0) == 0xe0 : a.bytes[0] == 0xff;
}
bool IsLinkLocalMulticast(const Address& a) {
  if (a.v4) return a.bytes[0] == 224 && a.bytes[1] == 0 && a.bytes[2] == 0;
  return a.bytes[0] == 0xff && (a.bytes[1] & 0x0f) == 0x02;
}
bool IsLinkLocalUnicast(const Address& a) {
  if (a.v4) return a.bytes[0] == 169 && a.bytes[1] == 254;
  return a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80;
}
bool IsGlobalUnicast(const Address& a) {
  const bool broadcast = a.v4 && std::all_of(a.bytes.begin(), a.bytes.begin() + 4,
                                             [](std::uint8_t b) { return b == 0xff; });
  return !broadcast && !IsUnspecified(a) && !IsLoopback(a) && !IsMulticast(a) &&
         !IsLinkLocalUnicast(a);
}

template <bool (*test)(const Address&)>
Value TestIp(Context& context, const Value* args, const void*) {
  const Ip* ip = AsIp(args[0]);
  return ip == nullptr ? WrongType(context, args[0]) : Value::Bool(test(ip->address()));
}
Value Family(Context& context, const Value* args, const void*) {
  const Ip* ip = AsIp(args[0]);
  return ip == nullptr ? WrongType(context, args[0]) : Value::Int(ip->address().v4 ? 4 : 6);
}

Value ContainsIp(Context& context, const Value* args, const void*) {
  const Cidr* cidr = AsCidr(args[0]);
  const Ip* ip = AsIp(args[1]);
  if (cidr == nullptr || ip == nullptr) return WrongType(context, args[cidr == nullptr ? 0 : 1]);
  return Value::Bool(cidr->Contains(ip->address()));
}
Value ContainsIpText(Context& context, const Value* args, const void*) {
  const Cidr* cidr = AsCidr(args[0]);
  if (cidr == nullptr) return WrongType(context, args[0]);
  const auto address = ParseAddress(args[1].AsString());
  return address ? Value::Bool(cidr->Contains(*address)) : NoAddress(context, args[1]);
}
bool ContainsRange(const Cidr& outer, const Cidr& inner) {
  return outer.length() <= inner.length() && outer.Contains(inner.address());
}
Value ContainsCidr(Context& context, const Value* args, const void*) {
  const Cidr* outer = AsCidr(args[0]);
  const Cidr* inner = AsCidr(args[1]);
  if (outer == nullptr || inner == nullptr) {
    return WrongType(context, args[outer == nullptr ? 0 : 1]);
  }
  return Value::Bool(ContainsRange(*outer, *inner));
}
Value ContainsCidrText(Context& context, const Value* args, const void*) {
  const Cidr* outer = AsCidr(args[0]);
  if (outer == nullptr) return WrongType(context, args[0]);
  const auto inner = ParseCidr(args[1].AsString());
  return inner ? Value::Bool(ContainsRange(*outer, *inner)) : NoRange(context, args[1]);
}
Value IpOfCidr(Context& context, const Value* args, const void*) {
  const Cidr* cidr = AsCidr(args[0]);
  return cidr == nullptr ? WrongType(context, args[0]) : IpValue(context, cidr->address());
}
Value MaskedCidr(Context& context, const Value* args, const void*) {
  const Cidr* cidr = AsCidr(args[0]);
  if (cidr == nullptr) return WrongType(context, args[0]);
  return CidrValue(context, Cidr(Masked(cidr->address(), cidr->length()), cidr->length()));
}
Value PrefixLength(Context& context, const Value* args, const void*) {
  const Cidr* cidr = AsCidr(args[0]);
  return cidr == nullptr ? WrongType(context, args[0]) : Value::Int(cidr->length());
}
Value OpaqueText(Context& context, const Value* args, const void*) {
  return context.String(args[0].AsOpaque()->Text());
}

}  // namespace

void AddNetworkFunctions(Environment& environment) {
  const Type ip = Type::Opaque(kIpName);
  const Type cidr = Type::Opaque(kCidrName);
  const Type& text = kStringType;
  environment.AddConstant(kIpName, Type::TypeOf(ip), Value::TypeName(kIpName));
  environment.AddConstant(kCidrName, Type::TypeOf(cidr), Value::TypeName(kCidrName));
  environment.AddFunction({"isIP", {Global({text}, kBoolType, IsIp)}});
  environment.AddFunction({"isCIDR", {Global({text}, kBoolType, IsCidr)}});
  environment.AddFunction({"ip", {Global({text}, ip, MakeIp), Member({cidr}, ip, IpOfCidr)}});
  environment.AddFunction({"cidr", {Global({text}, cidr, MakeCidr)}});
  environment.AddFunction({"ip.isCanonical", {Global({text}, kBoolType, IsCanonical)}});
  environment.AddFunction({"family", {Member({ip}, kIntType, Family)}});
  environment.AddFunction({"isLoopback", {Member({ip}, kBoolType, TestIp<IsLoopback>)}});
  environment.AddFunction({"isUnspecified", {Member({ip}, kBoolType, TestIp<IsUnspecified>)}});
  environment.AddFunction({"isGlobalUnicast", {Member({ip}, kBoolType, TestIp<IsGlobalUnicast>)}});
  environment.AddFunction(
      {"isLinkLocalMulticast", {Member({ip}, kBoolType, TestIp<IsLinkLocalMulticast>)}});
  environment.AddFunction(
      {"isLinkLocalUnicast", {Member({ip}, kBoolType, TestIp<IsLinkLocalUnicast>)}});
  environment.AddFunction({"containsIP",
                           {Member({cidr, ip}, kBoolType, ContainsIp),
                            Member({cidr, text}, kBoolType, ContainsIpText)}});
  environment.AddFunction({"containsCIDR",
                           {Member({cidr, cidr}, kBoolType, ContainsCidr),
                            Member({cidr, text}, kBoolType, ContainsCidrText)}});
  environment.AddFunction({"masked", {Member({cidr}, cidr, MaskedCidr)}});
  environment.AddFunction({"prefixLength", {Member({cidr}, kIntType, PrefixLength)}});
  environment.AddFunction(
      {"string", {Global({ip}, text, OpaqueText), Global({cidr}, text, OpaqueText)}});
}

}  // namespace insightd::cel
