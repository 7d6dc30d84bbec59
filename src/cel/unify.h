// What is known about type variables, and whether one type may stand for another.
//
// The rules are those of the language's reference checkers: dyn fits everywhere; of two types that
// meet in one variable the more general is kept; null fits timestamps, durations, optionals and
// opaque types.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cel/type.h"

namespace insightd::cel {

class Unifier {
 public:
  // A variable that nothing is known of.
  Type Fresh();
  // Each distinct parameter of the signature becomes a fresh variable.
  std::vector<Type> Instantiate(std::span<const Type> types);

  // Whether all of `from` fit `to`. What was learned about variables is kept only if they do.
  bool Assignable(std::span<const Type> from, std::span<const Type> to);
  bool Assignable(const Type& from, const Type& to) { return Assignable({&from, 1}, {&to, 1}); }
  // With everything known put in; variables that are still open become dyn if asked for.
  Type Substitute(const Type& type, bool open_to_dyn) const;
  // The common type of a list's elements, say: dyn when they have none.
  Type Join(const Type& a, const Type& b);

 private:
  bool Fits(const Type& from, const Type& to);
  bool Learn(const Type& type, const Type& variable, bool& had_one);
  void Set(const std::string& variable, const Type& type);

  std::map<std::string, Type> known_;
  // What Set replaced since Assignable began, to take it back.
  std::vector<std::pair<std::string, std::optional<Type>>> replaced_;
  int fresh_ = 0;
};

}  // namespace insightd::cel
