#include "cel/type.h"

#include <utility>

namespace insightd::cel {

Type Type::List(Type element) { return Type(TypeKind::kList, Detail{{}, {std::move(element)}}); }
Type Type::Map(Type key, Type value) {
  return Type(TypeKind::kMap, Detail{{}, {std::move(key), std::move(value)}});
}
Type Type::Optional(Type value) {
  return Type(TypeKind::kOptional, Detail{{}, {std::move(value)}});
}
Type Type::TypeOf(Type type) { return Type(TypeKind::kType, Detail{{}, {std::move(type)}}); }
Type Type::Param(std::string name) { return Type(TypeKind::kParam, Detail{std::move(name), {}}); }
Type Type::Opaque(std::string name, std::vector<Type> params) {
  return Type(TypeKind::kOpaque, Detail{std::move(name), std::move(params)});
}

const std::vector<Type>& Type::params() const {
  static const std::vector<Type> kNone;
  return detail_ ? detail_->params : kNone;
}

const std::string& Type::name() const {
  static const std::string kNone;
  return detail_ ? detail_->name : kNone;
}

std::string Type::ToString() const {
  std::string text;
  switch (kind_) {
    case TypeKind::kDyn: return "dyn";
    case TypeKind::kError: return "error";
    case TypeKind::kNull: return "null";
    case TypeKind::kBool: return "bool";
    case TypeKind::kInt: return "int";
    case TypeKind::kUint: return "uint";
    case TypeKind::kDouble: return "double";
    case TypeKind::kString: return "string";
    case TypeKind::kBytes: return "bytes";
    case TypeKind::kTimestamp: return "timestamp";
    case TypeKind::kDuration: return "duration";
    case TypeKind::kList: text = "list"; break;
    case TypeKind::kMap: text = "map"; break;
    case TypeKind::kOptional: text = "optional"; break;
    case TypeKind::kType: text = "type"; break;
    case TypeKind::kParam:
    case TypeKind::kOpaque: text = name(); break;
  }
  const char* before = "(";
  for (const Type& param : params()) {
    text += before;
    text += param.ToString();
    before = ", ";
  }
  if (*before == ',') text += ')';
  return text;
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.detail_ == b.detail_) return true;
  return a.name() == b.name() && a.params() == b.params();
}

}  // namespace insightd::cel
