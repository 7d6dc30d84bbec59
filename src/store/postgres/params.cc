#include "store/postgres/params.h"

#include <array>
#include <limits>
#include <utility>

#include "base/result.h"

namespace insightd::store::pg {
namespace {

// From 1970 to 2000.
constexpr std::int64_t kEpochMicros = 946'684'800'000'000;

// Of a column of a few short texts.
constexpr std::size_t kArrayBytes = 256;

template <class Number>
void AppendNumber(std::string& into, Number number) {
  std::array<char, sizeof(Number)> bytes;
  int shift = static_cast<int>(sizeof(Number)) * 8;
  for (char& byte : bytes) {
    shift -= 8;
    byte = static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xFF);
  }
  into.append(bytes.data(), bytes.size());
}

template <class Number>
std::string NumberBytes(Number number) {
  std::string bytes;
  AppendNumber(bytes, number);
  return bytes;
}

Type ArrayOf(Type element) {
  switch (element) {
    case Type::kBytes: return Type::kBytesArray;
    case Type::kInt: return Type::kIntArray;
    case Type::kText: return Type::kTextArray;
    case Type::kAt: return Type::kAtArray;
    case Type::kBool:
    case Type::kBytesArray:
    case Type::kTextArray:
    case Type::kIntArray:
    case Type::kAtArray: break;
  }
  INSIGHTD_ASSERT(false && "no array of this type");
  __builtin_unreachable();
}

}  // namespace

std::int64_t TimestampOf(Time time) {
  const std::int64_t micros = time.time_since_epoch().count();
  // What is too early for us too: the server refuses it, as it should.
  if (micros < std::numeric_limits<std::int64_t>::min() + kEpochMicros) return micros;
  return micros - kEpochMicros;
}

Time TimeOf(std::int64_t timestamp) {
  // `infinity`, and what is near it, is as late as a time of ours can be.
  if (timestamp > std::numeric_limits<std::int64_t>::max() - kEpochMicros) return Time::max();
  return Time(microseconds(timestamp + kEpochMicros));
}

Array::Array(Type element) : element_(element) {
  bytes_.reserve(kArrayBytes);
  bytes_.resize(kHeaderBytes);
}

Array Array::Texts(std::span<const std::string> texts) {
  Array array = OfTexts();
  for (const std::string& text : texts) array.Text(text);
  return array;
}

Array Array::Ints(std::span<const std::int64_t> numbers) {
  Array array = OfInts();
  for (const std::int64_t number : numbers) array.Int(number);
  return array;
}

void Array::Int(std::int64_t value) {
  INSIGHTD_ASSERT(element_ == Type::kInt);
  AppendNumber(bytes_, std::int32_t{sizeof value});
  AppendNumber(bytes_, value);
  ++size_;
}

void Array::Text(std::string_view value) {
  INSIGHTD_ASSERT(element_ == Type::kText);
  AppendNumber(bytes_, static_cast<std::int32_t>(value.size()));
  bytes_.append(value);
  ++size_;
}

void Array::Bytes(std::string_view value) {
  INSIGHTD_ASSERT(element_ == Type::kBytes);
  AppendNumber(bytes_, static_cast<std::int32_t>(value.size()));
  bytes_.append(value);
  ++size_;
}

void Array::At(Time value) {
  INSIGHTD_ASSERT(element_ == Type::kAt);
  AppendNumber(bytes_, std::int32_t{sizeof(std::int64_t)});
  AppendNumber(bytes_, TimestampOf(value));
  ++size_;
}

void Array::Null() {
  AppendNumber(bytes_, std::int32_t{-1});
  has_null_ = true;
  ++size_;
}

std::string Array::Take() {
  std::string header;
  const bool empty = size_ == 0;
  AppendNumber(header, std::int32_t{empty ? 0 : 1});  // dimensions
  AppendNumber(header, std::int32_t{has_null_ ? 1 : 0});
  AppendNumber(header, static_cast<std::int32_t>(element_));
  AppendNumber(header, static_cast<std::int32_t>(size_));
  AppendNumber(header, std::int32_t{1});  // the first index
  bytes_.replace(0, kHeaderBytes, header);
  // An empty array ends behind its type.
  if (empty) bytes_.resize(3 * sizeof(std::int32_t));
  return std::move(bytes_);
}

Params& Params::Push(Type type, std::optional<std::string> bytes) {
  values_.push_back({type, std::move(bytes)});
  return *this;
}

Params& Params::Bool(bool value) {
  return Push(Type::kBool, std::string(1, static_cast<char>(value ? 1 : 0)));
}
Params& Params::Int(std::int64_t value) { return Push(Type::kInt, NumberBytes(value)); }
Params& Params::Text(std::string_view value) { return Push(Type::kText, std::string(value)); }
Params& Params::Bytes(std::string_view value) { return Push(Type::kBytes, std::string(value)); }
Params& Params::At(Time value) { return Push(Type::kAt, NumberBytes(TimestampOf(value))); }

Params& Params::At(const std::optional<Time>& value) {
  return value ? At(*value) : Push(Type::kAt, std::nullopt);
}
Params& Params::TextOrNull(std::string_view value) {
  return value.empty() ? Push(Type::kText, std::nullopt) : Text(value);
}
Params& Params::IntOrNull(const std::optional<std::int64_t>& value) {
  return value ? Int(*value) : Push(Type::kInt, std::nullopt);
}
Params& Params::Add(Array array) {
  const Type type = ArrayOf(array.element_);
  return Push(type, array.Take());
}

}  // namespace insightd::store::pg
