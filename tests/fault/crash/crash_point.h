// Ends the process at a named point, as a power failure or SIGKILL would: for libraries that are
// loaded before all others (LD_PRELOAD) and stand between the program and what it calls.
//
// CRASH_AT="NAME:N": the process is killed when it comes to the point NAME for the Nth time. Each
// call has two points: "before CALL" (nothing of it has happened) and "after CALL" (all of it has).
// CRASH_SEEN=FILE: at the end of the process, or when it is killed here, nothing; but each first
// time a point is reached its name is written there as a line, so that a test can tell which there
// are.
#pragma once

#include <string_view>

namespace crash {

// Thread-safe; costs a look into a small table.
void Reached(std::string_view when, std::string_view call);

}  // namespace crash
