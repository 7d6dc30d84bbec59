// What an expression reads and makes: one word for the value, one for what it is.
//
// A Value owns nothing. It points into a JSON document, an arena, a program's constants or a
// host's object, and is valid as long as that is; copying it costs nothing. A parsed document is
// read in place: FromJson turns a place on the tape into a Value without converting what is below.
//
// An error of the expression (a missing key, a division by zero) is a Value too, of kind kError:
// the language reasons about it (`false && error` is false), and a host function returns one by
// Context::Error. It is never a failed Result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/json.h"
#include "cel/arena.h"

namespace insightd::cel {

enum class Kind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
  kOptional,
  kOpaque,
  kError
};
inline constexpr int kKindCount = 15;

// The name that `type(x)` shows: "int", "google.protobuf.Timestamp", "null_type", …
std::string_view KindName(Kind kind);

class Value;
class List;
class Map;
class Opaque;
struct MapEntry;
struct MapTable;
struct Overlay;

// Seconds since 1970 or a length; nanoseconds 0 to 999,999,999 added, also below zero.
struct Instant {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};
// Years 1 to 9999.
inline constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;
inline constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;
inline constexpr std::int64_t kDurationSecondsMax = 315'576'000'000;

enum class ErrorKind : std::uint8_t {
  kExpression,  // what the expression's author did; absorbed by && || all exists
  kLimit        // a limit of the budget was reached: ends the evaluation, absorbed by nothing
};

struct ErrorInfo;

class Value {
 public:
  Value() = default;  // null

  static Value Null() { return {}; }
  static Value Bool(bool value) { return Value(Kind::kBool, value ? 1u : 0u); }
  static Value Int(std::int64_t value) {
    return Value(Kind::kInt, static_cast<std::uint64_t>(value));
  }
  static Value Uint(std::uint64_t value) { return Value(Kind::kUint, value); }
  static Value Double(double value) {
    Value v(Kind::kDouble, 0);
    v.double_ = value;
    return v;
  }
  // Points to `text`, which stays the caller's; see Context::String for a copy. UTF-8.
  static Value String(std::string_view text) { return Text(Kind::kString, text); }
  static Value Bytes(std::string_view bytes) { return Text(Kind::kBytes, bytes); }
  // `name` has to live as long as the value: KindName or a literal.
  static Value TypeName(std::string_view name) { return Text(Kind::kType, name); }
  static Value Timestamp(Instant at) { return Moment(Kind::kTimestamp, at); }
  static Value Duration(Instant length) { return Moment(Kind::kDuration, length); }
  static Value DurationOfSeconds(std::int64_t seconds) { return Duration({seconds, 0}); }
  // `count` values that lie one behind the other.
  static Value ListOf(const Value* items, std::uint32_t count) {
    return Pointing(Kind::kList, Form::kArray, items, count);
  }
  static Value ListOf(const List* list) { return Pointing(Kind::kList, Form::kHost, list); }
  static Value MapOf(const MapTable* table) { return Pointing(Kind::kMap, Form::kArray, table); }
  static Value MapOf(const Map* map) { return Pointing(Kind::kMap, Form::kHost, map); }
  static Value MapOf(const Overlay* overlay) {
    return Pointing(Kind::kMap, Form::kOverlay, overlay);
  }
  static Value OptionalOf(const Value* value) {  // nullptr: optional.none()
    return Pointing(Kind::kOptional, Form::kPlain, value);
  }
  static Value OpaqueOf(const Opaque* opaque) {
    return Pointing(Kind::kOpaque, Form::kPlain, opaque);
  }
  static Value Error(const ErrorInfo* info) { return Pointing(Kind::kError, Form::kPlain, info); }
  // Null, bool, int, double, string as such; arrays and objects as lists and maps read in place.
  static Value FromJson(json::Value value);

  Kind kind() const { return static_cast<Kind>(meta_ >> kKindShift & 0xff); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_int() const { return kind() == Kind::kInt; }
  bool is_uint() const { return kind() == Kind::kUint; }
  bool is_double() const { return kind() == Kind::kDouble; }
  bool is_number() const { return kind() >= Kind::kInt && kind() <= Kind::kDouble; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_bytes() const { return kind() == Kind::kBytes; }
  bool is_list() const { return kind() == Kind::kList; }
  bool is_map() const { return kind() == Kind::kMap; }
  bool is_timestamp() const { return kind() == Kind::kTimestamp; }
  bool is_duration() const { return kind() == Kind::kDuration; }
  bool is_optional() const { return kind() == Kind::kOptional; }
  bool is_error() const { return kind() == Kind::kError; }
  bool is_true() const { return kind() == Kind::kBool && bits_ != 0; }
  bool is_false() const { return kind() == Kind::kBool && bits_ == 0; }

  // May be called only when kind() says so.
  bool AsBool() const { return bits_ != 0; }
  std::int64_t AsInt() const { return static_cast<std::int64_t>(bits_); }
  std::uint64_t AsUint() const { return bits_; }
  double AsDouble() const { return double_; }
  std::string_view AsString() const { return {text_, aux()}; }  // also of bytes and types
  Instant AsInstant() const { return {static_cast<std::int64_t>(bits_), aux()}; }
  const Value* AsOptional() const { return static_cast<const Value*>(pointer_); }
  const Opaque* AsOpaque() const { return static_cast<const Opaque*>(pointer_); }
  const ErrorInfo& AsError() const { return *static_cast<const ErrorInfo*>(pointer_); }

  // The text of a string, else `fallback`.
  std::string_view StringOr(std::string_view fallback) const {
    return is_string() ? AsString() : fallback;
  }
  // Any number as double, else `fallback`.
  double NumberOr(double fallback) const;

  // How a list or map lies in memory, for those who read it faster than by the cursors below.
  enum class Form : std::uint8_t { kPlain, kArray, kJson, kHost, kOverlay };
  Form form() const { return static_cast<Form>(meta_ >> kFormShift & 0xff); }
  bool is_json() const { return form() == Form::kJson; }
  json::Value AsJson() const {  // of Form::kJson
    return json::Value(static_cast<const std::uint64_t*>(pointer_), aux());
  }
  const Value* AsArray() const { return static_cast<const Value*>(pointer_); }  // list, kArray
  std::uint32_t array_size() const { return aux(); }
  const MapTable* AsTable() const { return static_cast<const MapTable*>(pointer_); }
  const List* AsHostList() const { return static_cast<const List*>(pointer_); }
  const Map* AsHostMap() const { return static_cast<const Map*>(pointer_); }
  const Overlay* AsOverlay() const { return static_cast<const Overlay*>(pointer_); }

 private:
  Value(Kind kind, std::uint64_t bits, std::uint32_t aux = 0, Form form = Form::kPlain)
      : bits_(bits),
        meta_(aux | std::uint64_t{static_cast<std::uint8_t>(kind)} << kKindShift |
              std::uint64_t{static_cast<std::uint8_t>(form)} << kFormShift) {}
  static Value Text(Kind kind, std::string_view text) {
    Value v(kind, 0, static_cast<std::uint32_t>(text.size()));
    v.text_ = text.data();
    return v;
  }
  static Value Moment(Kind kind, Instant at) {
    return Value(kind, static_cast<std::uint64_t>(at.seconds), at.nanoseconds);
  }
  static Value Pointing(Kind kind, Form form, const void* pointer, std::uint32_t aux = 0) {
    Value v(kind, 0, aux, form);
    v.pointer_ = pointer;
    return v;
  }
  // Size of a text or array, index on the tape, nanoseconds.
  std::uint32_t aux() const { return static_cast<std::uint32_t>(meta_); }

  union {
    std::uint64_t bits_ = 0;
    double double_;
    const char* text_;
    const void* pointer_;
  };
  // aux, kind and form in one word, so that a value is copied, passed and returned as two words.
  static constexpr int kKindShift = 32;
  static constexpr int kFormShift = 40;
  std::uint64_t meta_ = 0;
};
static_assert(static_cast<int>(Kind::kNull) == 0);
static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

inline Value Value::FromJson(json::Value value) {
  const std::uint64_t* tape = value.tape();
  if (tape == nullptr) return Null();
  // One look at the word on the tape; json::Value would look once to tell the type and again to
  // read.
  const std::uint64_t* at = tape + value.index();
  switch (static_cast<unsigned char>(*at >> 56)) {
    case '"': {
      const char* text =
          reinterpret_cast<const char*>(tape) + tape[-1] + (*at & 0x00ff'ffff'ffff'ffff);
      std::uint32_t size;
      std::memcpy(&size, text, sizeof(size));
      return String({text + sizeof(size), size});
    }
    case 'l': return Int(static_cast<std::int64_t>(at[1]));
    case 'd': return Value(Kind::kDouble, at[1]);
    case 'u': return Double(static_cast<double>(at[1]));
    case 't': return Bool(true);
    case 'f': return Bool(false);
    case '{':
    case '[': {
      const bool list = static_cast<unsigned char>(*at >> 56) == '[';
      return Pointing(list ? Kind::kList : Kind::kMap, Form::kJson, tape, value.index());
    }
    default: return Null();
  }
}

// `text` and, behind it, `detail` if that is not null: put together only when somebody asks.
struct ErrorInfo {
  std::string_view text;
  Value detail;
  ErrorKind kind = ErrorKind::kExpression;
  std::uint32_t line = 0;  // where in the expression, both from 1; 0 when not known
  std::uint32_t column = 0;
  // "no such key: 'a'", without the place.
  std::string Message() const;
};

// A list that the host makes itself, for example lines split when asked for. The same index gives
// the same value every time, and it stays valid as long as the list.
class List {
 public:
  virtual std::size_t size() const = 0;
  virtual Value At(std::size_t index) const = 0;

 protected:
  ~List() = default;  // owned by the host, never destroyed from here
};

// A map that the host makes itself. Keys are distinct strings; the order is fixed.
class Map {
 public:
  virtual std::size_t size() const = 0;
  virtual std::string_view KeyAt(std::size_t index) const = 0;
  virtual Value ValueAt(std::size_t index) const = 0;
  virtual bool Find(std::string_view key, Value& found) const = 0;

 protected:
  ~Map() = default;
};

// A value of a type of the host's (or an extension's) own: equal by Equals, shown by Text.
class Opaque {
 public:
  virtual std::string_view type_name() const = 0;
  virtual bool Equals(const Opaque& other) const = 0;
  virtual std::string Text() const = 0;

 protected:
  ~Opaque() = default;
};

struct MapEntry {
  Value key;
  Value value;
};

// A JSON object with members added in front of it: `_path`, `_name` of a document. An added
// member hides one of the object with its name. Keys are strings.
struct Overlay {
  json::Value object;
  const MapEntry* added;
  std::uint32_t added_count;
};

// --- Lists -------------------------------------------------------------------------------------

std::size_t ListSize(const Value& list);
// `index` below ListSize. Linear for JSON arrays: iterate with a cursor.
Value ListAt(const Value& list, std::size_t index);

// for (ListCursor c(list); c.Next(element);)
class ListCursor {
 public:
  explicit ListCursor(const Value& list);
  bool Next(Value& element) {
    if (left_ == 0) return false;
    --left_;
    if (array_ != nullptr) {
      element = *array_++;
      return true;
    }
    if (host_ == nullptr) {
      element = Value::FromJson(json_);
      json_ = json::Value(json_.tape(), json_.NextIndex());
      return true;
    }
    element = host_->At(host_->size() - left_ - 1);
    return true;
  }
  std::size_t left() const { return left_; }

 private:
  const Value* array_ = nullptr;
  std::size_t left_ = 0;
  json::Value json_;
  const List* host_ = nullptr;
};

// Grows in the arena; what has been outgrown stays there unused.
class ListBuilder {
 public:
  explicit ListBuilder(Arena& arena, std::size_t expected = 0) : arena_(arena) {
    if (expected > 0) Grow(expected);
  }
  void Add(const Value& value) {
    if (size_ == capacity_) Grow(size_ < 4 ? 4 : 2 * std::size_t{size_});
    items_[size_++] = value;
  }
  std::uint32_t size() const { return size_; }
  // For changing in place before Finish.
  Value* items() { return items_; }
  void Truncate(std::uint32_t size) { size_ = size; }
  Value Finish() const { return Value::ListOf(items_, size_); }

 private:
  void Grow(std::size_t capacity);

  Arena& arena_;
  Value* items_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

// --- Maps --------------------------------------------------------------------------------------

std::size_t MapSize(const Value& map);
// False when there is no such key, also when `key` is of a kind that no key has. `found` may be the
// map itself: MapFind(at, "a", at).
bool MapFind(const Value& map, const Value& key, Value& found);
bool MapFind(const Value& map, std::string_view key, Value& found);

// In the order of insertion (JSON: of the text). Of two JSON members with one name the last
// value is shown, once, in the place of the first.
class MapCursor {
 public:
  explicit MapCursor(const Value& map);
  bool Next(Value& key, Value& value);

 private:
  bool NextMember(Value& key, Value& value);

  Value map_;
  json::Value object_;
  std::uint32_t at_ = 0;  // index of an entry, or on the tape
  std::uint32_t end_ = 0;
  bool in_object_ = false;
  bool doubled_ = false;
};

// Keys bool, int, uint, double (as the number that it is), string. A key added again replaces the
// value in its first place.
class MapBuilder {
 public:
  explicit MapBuilder(Arena& arena, std::size_t expected = 0) : arena_(arena) {
    if (expected > 0) Grow(expected);
  }
  void Set(const Value& key, const Value& value);
  // For keys that are known to be new.
  void Add(const Value& key, const Value& value);
  // nullptr when there is none.
  Value* Find(const Value& key);
  std::uint32_t size() const { return size_; }
  Value Finish();

 private:
  void Grow(std::size_t capacity);
  void Index();

  Arena& arena_;
  MapEntry* entries_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t* buckets_ = nullptr;  // entry + 1, once there are many
  std::uint32_t bucket_mask_ = 0;
};

// What MapBuilder makes. Use MapFind and MapCursor.
struct MapTable {
  const MapEntry* entries;
  const std::uint32_t* buckets;  // nullptr while few
  std::uint32_t size;
  std::uint32_t bucket_mask;
};

// --- Comparing ---------------------------------------------------------------------------------

// `==` of the language: numbers across kinds, all else within its kind; NaN equals nothing; maps
// without regard to order. Errors equal nothing.
bool Equals(const Value& a, const Value& b);

enum class Order : std::int8_t { kLess = -1, kEqual = 0, kGreater = 1, kUnordered = 2 };
// For `<` and sorting: numbers across kinds, bool, string, bytes, timestamp, duration within
// their kind. kUnordered for everything else and for NaN.
Order Compare(const Value& a, const Value& b);

// Equal values have equal hashes, across number kinds too.
std::uint64_t Hash(const Value& value);

// --- Showing -----------------------------------------------------------------------------------

// As JSON: bytes in base64, timestamps and durations as `string(x)` gives them, an optional as
// what it holds or null, types and errors as their text; numbers as keys as text; doubles without
// a fraction as `2.0`; one that is not finite as null.
void AppendJson(std::string& out, const Value& value);
std::string ToJson(const Value& value);
// For error messages and explanations: like a literal of the language, cut after `bytes_max`.
std::string ToDebugText(const Value& value, std::size_t bytes_max = 200);

// "2026-08-01T10:00:00.5Z", "-3600.25s": as `string(x)` gives them.
std::string FormatTimestamp(Instant at);
std::string FormatDuration(Instant length);

}  // namespace insightd::cel
