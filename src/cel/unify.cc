#include "cel/unify.h"

namespace insightd::cel {
namespace {

bool IsDynOrError(const Type& type) {
  return type.kind() == TypeKind::kDyn || type.kind() == TypeKind::kError;
}
bool IsParam(const Type& type) { return type.kind() == TypeKind::kParam; }

bool TakesNull(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kOptional:
    case TypeKind::kOpaque: return true;
    default: return false;
  }
}

// The same type with other parameters.
Type WithParams(const Type& type, std::vector<Type> params) {
  switch (type.kind()) {
    case TypeKind::kList: return Type::List(params[0]);
    case TypeKind::kMap: return Type::Map(params[0], params[1]);
    case TypeKind::kOptional: return Type::Optional(params[0]);
    case TypeKind::kType: return Type::TypeOf(params[0]);
    default: return Type::Opaque(type.name(), std::move(params));
  }
}

bool IsEqualOrLessSpecific(const Type& a, const Type& b) {
  if (a.is_dyn() || IsParam(a)) return true;
  if (b.is_dyn() || IsParam(b)) return false;
  if (b.kind() == TypeKind::kNull && TakesNull(a)) return true;
  if (a.kind() != b.kind() || a.name() != b.name() || a.params().size() != b.params().size()) {
    return false;
  }
  if (a.kind() == TypeKind::kType) return true;
  for (std::size_t i = 0; i < a.params().size(); ++i) {
    if (!IsEqualOrLessSpecific(a.params()[i], b.params()[i])) return false;
  }
  return true;
}

const Type& MoreGeneral(const Type& a, const Type& b) {
  return IsEqualOrLessSpecific(a, b) ? a : b;
}

bool IsIn(const std::map<std::string, Type>& known, const Type& variable, const Type& type,
          int depth = 0) {
  // A chain of variables cannot be longer than there are variables.
  if (depth > 1000) return true;
  if (IsParam(type)) {
    if (type == variable) return true;
    const auto found = known.find(type.name());
    return found != known.end() && IsIn(known, variable, found->second, depth + 1);
  }
  for (const Type& param : type.params()) {
    if (IsIn(known, variable, param, depth + 1)) return true;
  }
  return false;
}

}  // namespace

Type Unifier::Fresh() { return Type::Param("%" + std::to_string(fresh_++)); }

std::vector<Type> Unifier::Instantiate(std::span<const Type> types) {
  std::map<std::string, Type> fresh;
  auto replace = [&](auto& self, const Type& type) -> Type {
    if (IsParam(type)) {
      const auto found = fresh.find(type.name());
      return found != fresh.end() ? found->second : fresh[type.name()] = Fresh();
    }
    if (type.params().empty()) return type;
    std::vector<Type> params;
    for (const Type& param : type.params()) params.push_back(self(self, param));
    return WithParams(type, std::move(params));
  };
  std::vector<Type> result;
  for (const Type& type : types) result.push_back(replace(replace, type));
  return result;
}

bool Unifier::Assignable(std::span<const Type> from, std::span<const Type> to) {
  if (from.size() != to.size()) return false;
  replaced_.clear();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (Fits(from[i], to[i])) continue;
    for (; !replaced_.empty(); replaced_.pop_back()) {
      auto& [variable, before] = replaced_.back();
      if (before) {
        known_[variable] = *before;
      } else {
        known_.erase(variable);
      }
    }
    return false;
  }
  return true;
}

void Unifier::Set(const std::string& variable, const Type& type) {
  const auto found = known_.find(variable);
  replaced_.emplace_back(variable,
                         found == known_.end() ? std::nullopt : std::optional<Type>(found->second));
  known_[variable] = type;
}

bool Unifier::Fits(const Type& from, const Type& to) {
  if (IsParam(to)) {
    bool had_one = false;
    if (Learn(from, to, had_one)) return true;
    if (had_one) return false;
  }
  if (IsParam(from)) {
    bool had_one = false;
    return Learn(to, from, had_one);
  }
  if (IsDynOrError(from) || IsDynOrError(to)) return true;
  if (from.kind() == TypeKind::kNull) return TakesNull(to);
  if (to.kind() == TypeKind::kNull) return TakesNull(from);
  if (from.kind() != to.kind()) return false;
  if (from.kind() == TypeKind::kType) return true;
  if (from.name() != to.name() || from.params().size() != to.params().size()) return false;
  for (std::size_t i = 0; i < from.params().size(); ++i) {
    if (!Fits(from.params()[i], to.params()[i])) return false;
  }
  return true;
}

bool Unifier::Learn(const Type& type, const Type& variable, bool& had_one) {
  if (type == variable) return had_one = true;
  if (const auto found = known_.find(variable.name()); found != known_.end()) {
    had_one = true;
    const Type before = found->second;
    if (type == before) return true;
    if (!Fits(type, before)) return false;
    const Type general = MoreGeneral(type, before);
    if (!IsIn(known_, variable, general)) Set(variable.name(), general);
    return true;
  }
  if (IsIn(known_, variable, type)) return false;
  Set(variable.name(), type);
  return true;
}

Type Unifier::Substitute(const Type& type, bool open_to_dyn) const {
  if (IsParam(type)) {
    if (const auto found = known_.find(type.name()); found != known_.end()) {
      return Substitute(found->second, open_to_dyn);
    }
    return open_to_dyn ? Type::Dyn() : type;
  }
  if (type.params().empty()) return type;
  std::vector<Type> params;
  for (const Type& param : type.params()) params.push_back(Substitute(param, open_to_dyn));
  return WithParams(type, std::move(params));
}

Type Unifier::Join(const Type& a, const Type& b) {
  if (!Assignable(a, b)) return Type::Dyn();
  return MoreGeneral(a, b);
}

}  // namespace insightd::cel
