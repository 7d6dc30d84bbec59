// What the language itself can do, one function a file: each adds its functions to an environment.
#pragma once

#include "cel/environment.h"

namespace insightd::cel {

void AddOperators(Environment& environment);
void AddConversions(Environment& environment);
void AddStandardStrings(Environment& environment);  // size, contains, startsWith, endsWith, matches
void AddTimeFunctions(Environment& environment);

void AddListFunctions(Environment& environment);
void AddStringFunctions(Environment& environment);
void AddFormatFunction(Environment& environment);
void AddMathFunctions(Environment& environment);
void AddSetFunctions(Environment& environment);
void AddEncoders(Environment& environment);
void AddRegexFunctions(Environment& environment);
void AddOptionalFunctions(Environment& environment);
void AddNetworkFunctions(Environment& environment);

}  // namespace insightd::cel
