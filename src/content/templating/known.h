// The methods and functions that expressions may call, by name.
#pragma once

#include <optional>
#include <string_view>

#include "content/templating/ast.h"

namespace insightd::content::templating {

std::optional<Method> MethodOf(std::string_view name);
std::string_view NameOf(Method method);
// Of "Math.floor", "Number".
std::optional<Function> FunctionOf(std::string_view name);
std::string_view NameOf(Function function);
// "Math", "Object": known only by what is below them.
bool IsNamespace(std::string_view name);
// The method or function that may have been meant; may be empty.
std::string_view NearestMethod(std::string_view name);
std::string_view NearestFunction(std::string_view name);
// Whether its first argument is a function such as `x => x.name`.
bool TakesFunction(Method method);

std::string_view SignOf(Operator op);

}  // namespace insightd::content::templating
