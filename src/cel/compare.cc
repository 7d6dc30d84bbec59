// Equality, order and hashes over all kinds of values.
#include <bit>
#include <cmath>

#include "cel/value.h"

namespace insightd::cel {
namespace {

Order OrderOf(auto a, auto b) {
  return a < b ? Order::kLess : a > b ? Order::kGreater : Order::kEqual;
}

// Within the range of the integer it is the nearest doubles that are compared, as the language
// has it: above 2^53 several integers equal one double.
Order CompareIntDouble(std::int64_t a, double b) {
  if (std::isnan(b)) return Order::kUnordered;
  return OrderOf(static_cast<double>(a), b);
}

Order CompareUintDouble(std::uint64_t a, double b) {
  if (std::isnan(b)) return Order::kUnordered;
  return OrderOf(static_cast<double>(a), b);
}

Order CompareIntUint(std::int64_t a, std::uint64_t b) {
  return a < 0 ? Order::kLess : OrderOf(static_cast<std::uint64_t>(a), b);
}

Order Reversed(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  return order == Order::kGreater ? Order::kLess : order;
}

Order CompareNumbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.is_int()) return OrderOf(a.AsInt(), b.AsInt());
      if (b.is_uint()) return CompareIntUint(a.AsInt(), b.AsUint());
      return CompareIntDouble(a.AsInt(), b.AsDouble());
    case Kind::kUint:
      if (b.is_uint()) return OrderOf(a.AsUint(), b.AsUint());
      if (b.is_int()) return Reversed(CompareIntUint(b.AsInt(), a.AsUint()));
      return CompareUintDouble(a.AsUint(), b.AsDouble());
    default:
      if (b.is_int()) return Reversed(CompareIntDouble(b.AsInt(), a.AsDouble()));
      if (b.is_uint()) return Reversed(CompareUintDouble(b.AsUint(), a.AsDouble()));
      if (std::isnan(a.AsDouble()) || std::isnan(b.AsDouble())) return Order::kUnordered;
      return OrderOf(a.AsDouble(), b.AsDouble());
  }
}

// Deeper values are not looked at: they count as different. A document has json::kDepthMax, an
// expression kExpressionDepthMax levels.
constexpr int kDepthMax = 4096;

bool EqualAt(const Value& a, const Value& b, int depth);

bool ListsEqual(const Value& a, const Value& b, int depth) {
  ListCursor left(a);
  ListCursor right(b);
  if (left.left() != right.left()) return false;
  for (Value x, y; left.Next(x) && right.Next(y);) {
    if (!EqualAt(x, y, depth)) return false;
  }
  return true;
}

bool MapsEqual(const Value& a, const Value& b, int depth) {
  if (MapSize(a) != MapSize(b)) return false;
  MapCursor cursor(a);
  for (Value key, value, other; cursor.Next(key, value);) {
    if (!MapFind(b, key, other) || !EqualAt(value, other, depth)) return false;
  }
  return true;
}

bool EqualAt(const Value& a, const Value& b, int depth) {
  if (a.kind() != b.kind()) {
    return a.is_number() && b.is_number() && CompareNumbers(a, b) == Order::kEqual;
  }
  switch (a.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint: return a.AsUint() == b.AsUint();
    case Kind::kDouble: return a.AsDouble() == b.AsDouble();
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType: return a.AsString() == b.AsString();
    case Kind::kTimestamp:
    case Kind::kDuration: return a.AsInstant() == b.AsInstant();
    case Kind::kList: return depth > 0 && ListsEqual(a, b, depth - 1);
    case Kind::kMap: return depth > 0 && MapsEqual(a, b, depth - 1);
    case Kind::kOptional: {
      const Value* left = a.AsOptional();
      const Value* right = b.AsOptional();
      if (left == nullptr || right == nullptr) return left == right;
      return depth > 0 && EqualAt(*left, *right, depth - 1);
    }
    case Kind::kOpaque: return a.AsOpaque()->Equals(*b.AsOpaque());
    case Kind::kError: return false;
  }
  __builtin_unreachable();
}

std::uint64_t Mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  return x ^ x >> 32;
}

std::uint64_t HashText(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = seed ^ text.size() * 0x9e3779b97f4a7c15ULL;
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = (std::rotl(hash, 5) ^ word) * 0x9e3779b97f4a7c15ULL;
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return Mix((std::rotl(hash, 5) ^ rest) * 0x9e3779b97f4a7c15ULL);
}

std::uint64_t HashNumber(double d) {
  return Mix(std::bit_cast<std::uint64_t>(d == 0 ? 0.0 : d));  // -0.0 equals 0.0
}

std::uint64_t HashAt(const Value& value, int depth) {
  switch (value.kind()) {
    case Kind::kNull: return 1;
    case Kind::kBool: return value.AsBool() ? 2 : 3;
    case Kind::kInt: return HashNumber(static_cast<double>(value.AsInt()));
    case Kind::kUint: return HashNumber(static_cast<double>(value.AsUint()));
    case Kind::kDouble: return HashNumber(value.AsDouble());
    case Kind::kString: return HashText(value.AsString(), 4);
    case Kind::kBytes: return HashText(value.AsString(), 5);
    case Kind::kType: return HashText(value.AsString(), 6);
    case Kind::kTimestamp:
    case Kind::kDuration:
      return Mix(static_cast<std::uint64_t>(value.AsInstant().seconds) * 31 +
                 value.AsInstant().nanoseconds);
    case Kind::kList: {
      std::uint64_t hash = 7;
      if (depth == 0) return hash;
      ListCursor cursor(value);
      for (Value element; cursor.Next(element);) {
        hash = Mix(hash * 31 + HashAt(element, depth - 1));
      }
      return hash;
    }
    case Kind::kMap: {
      std::uint64_t hash = 8;  // a sum, since order does not matter
      if (depth == 0) return hash;
      MapCursor cursor(value);
      for (Value key, member; cursor.Next(key, member);) {
        hash += Mix(HashAt(key, 0) * 31 + HashAt(member, depth - 1));
      }
      return hash;
    }
    case Kind::kOptional:
      return value.AsOptional() == nullptr || depth == 0
                 ? 9
                 : Mix(10 + HashAt(*value.AsOptional(), depth - 1));
    case Kind::kOpaque: return HashText(value.AsOpaque()->type_name(), 11);
    case Kind::kError: return 12;
  }
  __builtin_unreachable();
}

// Below this depth values differ only in what Equals finds.
constexpr int kHashDepth = 4;

}  // namespace

bool Equals(const Value& a, const Value& b) { return EqualAt(a, b, kDepthMax); }

Order Compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.kind() != b.kind()) return Order::kUnordered;
  switch (a.kind()) {
    case Kind::kBool: return OrderOf(a.AsBool(), b.AsBool());
    case Kind::kString:
    case Kind::kBytes: return OrderOf(a.AsString().compare(b.AsString()), 0);
    case Kind::kTimestamp:
    case Kind::kDuration: return OrderOf(a.AsInstant(), b.AsInstant());
    default: return Order::kUnordered;
  }
}

std::uint64_t Hash(const Value& value) { return HashAt(value, kHashDepth); }

}  // namespace insightd::cel
