// Values for a statement, in PostgreSQL's binary form.
//
//   Params().Int(org_id).Text(cluster)                      // $1, $2
//   Params().Add(Array::Texts(clusters)).At(clock.Now())    // SELECT … FROM unnest($1) …
//
// Each value carries its type, and the statement is prepared with these types: an Int is an int8 (a
// column of type integer takes it, and refuses what is too large), a Text a text (the same for
// varchar), At a timestamp in UTC. What is added is copied. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace insightd::store::pg {

// PostgreSQL's numbers of its types.
enum class Type : std::uint32_t {
  kBool = 16,
  kBytes = 17,
  kInt = 20,  // int8
  kText = 25,
  kAt = 1114,  // timestamp without time zone
  kBytesArray = 1001,
  kTextArray = 1009,
  kIntArray = 1016,
  kAtArray = 1115
};

// One column of many rows, for `unnest`.
class Array {
 public:
  static Array OfInts() { return Array(Type::kInt); }
  static Array OfTexts() { return Array(Type::kText); }
  static Array OfBytes() { return Array(Type::kBytes); }
  static Array OfTimes() { return Array(Type::kAt); }
  static Array Texts(std::span<const std::string> texts);
  static Array Ints(std::span<const std::int64_t> numbers);

  // Each adds one element; it must be of the array's type.
  void Int(std::int64_t value);
  void Text(std::string_view value);
  void Bytes(std::string_view value);
  void At(Time value);
  void At(const std::optional<Time>& value) { value ? At(*value) : Null(); }
  void Null();
  void Reserve(std::size_t bytes) { bytes_.reserve(kHeaderBytes + bytes); }

  std::size_t size() const { return size_; }

 private:
  friend class Params;
  static constexpr std::size_t kHeaderBytes = 20;

  explicit Array(Type element);
  // As it goes over the wire; the array is not used further.
  std::string Take();

  Type element_;
  std::size_t size_ = 0;
  bool has_null_ = false;
  std::string bytes_;
};

class Params {
 public:
  Params& Bool(bool value);
  Params& Int(std::int64_t value);
  Params& Text(std::string_view value);
  Params& Bytes(std::string_view value);
  Params& At(Time value);
  Params& At(const std::optional<Time>& value);
  Params& TextOrNull(std::string_view value);  // null when empty
  Params& IntOrNull(const std::optional<std::int64_t>& value);
  Params& Add(Array array);

 private:
  friend class Pipeline;
  struct Value {
    Type type;
    std::optional<std::string> bytes;
  };
  Params& Push(Type type, std::optional<std::string> bytes);

  std::vector<Value> values_;
};

// Each array as one parameter.
template <class... Arrays>
Params Columns(Arrays... arrays) {
  Params params;
  (params.Add(std::move(arrays)), ...);
  return params;
}

// Between our time and a timestamp's: microseconds since 2000.
std::int64_t TimestampOf(Time time);
Time TimeOf(std::int64_t timestamp);

}  // namespace insightd::store::pg
