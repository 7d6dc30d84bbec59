// JSON read in place: parse once, keep the parsed form, look members up without copies.
//
// What parses is RFC 8259 in UTF-8 as `rules.md` 3.3 has it: invalid UTF-8, half a surrogate
// pair, a number beyond the range of double, or text behind the document is an error. Numbers
// without fraction and exponent that fit int64 are integers, all others doubles. Of two members
// with one name the last counts for Find; iteration shows both, see HasDoubledNames.
//
// Underneath is simdjson's DOM parser; the parsed form is its tape (github.com/simdjson/simdjson,
// doc/tape.md), copied to one block of exact size so that a document costs what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::json {

enum class Type : std::uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

// Bytes that a parser may read behind the text (their values do not matter).
inline constexpr std::size_t kPadding = 64;
// Nesting of arrays and objects above which a document does not parse.
inline constexpr std::size_t kDepthMax = 1024;

// A place in a document; valid as long as the document is. Copying costs nothing.
// Accessors for a type may be called only when type() says so.
class Value {
 public:
  class Members;
  class Elements;

  Value() = default;  // null, of no document
  // `tape` as in Document::tape(); `index` of a value on it. For those who keep the two apart.
  Value(const std::uint64_t* tape, std::uint32_t index) : tape_(tape), index_(index) {}
  const std::uint64_t* tape() const { return tape_; }
  std::uint32_t index() const { return index_; }

  Type type() const {
    if (tape_ == nullptr) return Type::kNull;
    switch (Tag()) {
      case '{': return Type::kObject;
      case '[': return Type::kArray;
      case '"': return Type::kString;
      case 'l': return Type::kInt;
      case 'u':  // above int64
      case 'd': return Type::kDouble;
      case 't':
      case 'f': return Type::kBool;
      default: return Type::kNull;
    }
  }
  bool is_null() const { return type() == Type::kNull; }
  bool is_string() const { return type() == Type::kString; }
  bool is_object() const { return type() == Type::kObject; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_int() const { return type() == Type::kInt; }

  bool AsBool() const { return Tag() == 't'; }
  std::int64_t AsInt() const { return static_cast<std::int64_t>(tape_[index_ + 1]); }
  // Of an integer too.
  double AsDouble() const {
    const std::uint64_t raw = tape_[index_ + 1];
    if (Tag() == 'l') return static_cast<double>(static_cast<std::int64_t>(raw));
    if (Tag() == 'u') return static_cast<double>(raw);
    double value;
    std::memcpy(&value, &raw, sizeof(value));
    return value;
  }
  std::string_view AsString() const {
    const char* at = reinterpret_cast<const char*>(tape_) + tape_[-1] + Payload();
    std::uint32_t size;
    std::memcpy(&size, at, sizeof(size));
    return {at + sizeof(size), size};
  }

  // The member of that name, the last if there are several; nothing when there is none or this
  // is no object.
  std::optional<Value> Find(std::string_view name) const;
  // As Find, but an absent member is null.
  Value operator[](std::string_view name) const { return Find(name).value_or(Value()); }
  // The text of a string, else `fallback`.
  std::string_view StringOr(std::string_view fallback) const {
    return is_string() ? AsString() : fallback;
  }

  // Of an array or object.
  std::size_t size() const;
  bool empty() const { return NextIndex() - index_ == 2; }
  Elements elements() const;  // of an array
  Members members() const;    // of an object, in the order of the text
  // Whether two members of this object have one name. Linear for few members, else a hash set.
  bool HasDoubledNames() const;

  // The value as compact text, names in the order of the document.
  std::string ToText() const;
  void AppendText(std::string& out) const;

  // Index of the value behind this one.
  std::uint32_t NextIndex() const {
    switch (Tag()) {
      case '{':
      case '[': return static_cast<std::uint32_t>(tape_[index_]);
      case 'l':
      case 'u':
      case 'd': return index_ + 2;
      default: return index_ + 1;
    }
  }

 private:
  char Tag() const { return static_cast<char>(tape_[index_] >> 56); }
  std::uint64_t Payload() const { return tape_[index_] & 0x00ff'ffff'ffff'ffff; }

  const std::uint64_t* tape_ = nullptr;
  std::uint32_t index_ = 0;
};

class Value::Elements {
 public:
  class Iterator {
   public:
    explicit Iterator(Value at) : at_(at) {}
    Value operator*() const { return at_; }
    Iterator& operator++() {
      at_ = Value(at_.tape(), at_.NextIndex());
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_.index() == other.at_.index(); }

   private:
    Value at_;
  };
  explicit Elements(Value array) : array_(array) {}
  Iterator begin() const { return Iterator(Value(array_.tape(), array_.index() + 1)); }
  Iterator end() const { return Iterator(Value(array_.tape(), array_.NextIndex() - 1)); }

 private:
  Value array_;
};

struct Member {
  std::string_view name;
  Value value;
};

class Value::Members {
 public:
  class Iterator {
   public:
    explicit Iterator(Value name) : name_(name) {}
    Member operator*() const { return {name_.AsString(), Value(name_.tape(), name_.index() + 1)}; }
    Iterator& operator++() {
      name_ = Value(name_.tape(), Value(name_.tape(), name_.index() + 1).NextIndex());
      return *this;
    }
    bool operator==(const Iterator& other) const { return name_.index() == other.name_.index(); }

   private:
    Value name_;
  };
  explicit Members(Value object) : object_(object) {}
  Iterator begin() const { return Iterator(Value(object_.tape(), object_.index() + 1)); }
  Iterator end() const { return Iterator(Value(object_.tape(), object_.NextIndex() - 1)); }

 private:
  Value object_;
};

inline Value::Elements Value::elements() const { return Elements(*this); }
inline Value::Members Value::members() const { return Members(*this); }

// Owns a parsed document in one block. Movable; values stay valid over a move.
class Document {
 public:
  Document() = default;
  Value root() const { return block_ ? Value(tape(), 1) : Value(); }
  // Word 0 is the root; the word before it is the distance in bytes to the texts.
  const std::uint64_t* tape() const { return block_.get() + 1; }
  // Bytes of memory held.
  std::size_t bytes() const { return bytes_; }

 private:
  friend class Parser;
  std::unique_ptr<std::uint64_t[]> block_;
  std::size_t bytes_ = 0;
};

// Scratch memory that is used again from document to document. One thread at a time.
class Parser {
 public:
  Parser();
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // `text` needs kPadding readable bytes behind it. Fails with kInvalid and a message that names
  // what is wrong; never reads or keeps anything of `text` afterwards.
  Result<Document> ParsePadded(std::string_view text);
  // The same for any text, at the price of a copy.
  Result<Document> Parse(std::string_view text);
  // Gives scratch memory back that a large document has left.
  void Shrink();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// For a single document: a parser of its own.
Result<Document> Parse(std::string_view text);

}  // namespace insightd::json
