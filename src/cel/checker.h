// Names into slots and locals, calls into overloads, types for everything.
#pragma once

#include "cel/ast.h"
#include "cel/environment.h"

namespace insightd::cel {

// Fills source, slot, local, overloads and type of the nodes. Without `types` names are resolved
// and overloads left open, and only what can never be evaluated is reported.
void Check(const Environment& environment, bool types, Ast& ast, Reporter& reporter);

// Whether a value of type `from` may stand where `to` is wanted; type parameters fit anything.
bool IsAssignable(const Type& from, const Type& to);

}  // namespace insightd::cel
