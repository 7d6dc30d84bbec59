// What the checker knows about a value before there is one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::cel {

enum class TypeKind : std::uint8_t {
  kDyn,    // anything; decided while evaluating
  kError,  // of an expression that has been reported already
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,      // one parameter
  kMap,       // two
  kOptional,  // one
  kType,      // of type(x), one
  kParam,     // `A` in list(A): stands for any one type in a signature
  kOpaque     // named, with parameters
};

// Copied by reference; thread-safe.
class Type {
 public:
  Type() = default;  // dyn
  static Type Dyn() { return Type(TypeKind::kDyn); }
  static Type Error() { return Type(TypeKind::kError); }
  static Type Null() { return Type(TypeKind::kNull); }
  static Type Bool() { return Type(TypeKind::kBool); }
  static Type Int() { return Type(TypeKind::kInt); }
  static Type Uint() { return Type(TypeKind::kUint); }
  static Type Double() { return Type(TypeKind::kDouble); }
  static Type String() { return Type(TypeKind::kString); }
  static Type Bytes() { return Type(TypeKind::kBytes); }
  static Type Timestamp() { return Type(TypeKind::kTimestamp); }
  static Type Duration() { return Type(TypeKind::kDuration); }
  static Type List(Type element);
  static Type Map(Type key, Type value);
  static Type Optional(Type value);
  static Type TypeOf(Type type);
  static Type Param(std::string name);
  static Type Opaque(std::string name, std::vector<Type> params = {});

  TypeKind kind() const { return kind_; }
  bool is_dyn() const { return kind_ == TypeKind::kDyn; }
  const std::vector<Type>& params() const;
  const std::string& name() const;  // of kParam and kOpaque
  // "list(string)", "map(string, dyn)", "timestamp"
  std::string ToString() const;
  friend bool operator==(const Type& a, const Type& b);

 private:
  struct Detail {
    std::string name;
    std::vector<Type> params;
  };
  explicit Type(TypeKind kind) : kind_(kind) {}
  Type(TypeKind kind, Detail detail)
      : kind_(kind), detail_(std::make_shared<const Detail>(std::move(detail))) {}

  TypeKind kind_ = TypeKind::kDyn;
  std::shared_ptr<const Detail> detail_;
};

}  // namespace insightd::cel
