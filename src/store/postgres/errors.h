// What a failure of PostgreSQL means to a caller.
#pragma once

#include <string_view>

#include "base/result.h"

namespace insightd::store::pg {

class Connection;

// By the five characters of SQLSTATE:
// * refused rows (classes 22 and 23, limits of class 54): kInvalid;
// * lost races (40001, 40P01, 55P03): kConflict, the transaction may be made again;
// * all else, kUnavailable: somebody or time can mend it, and the row is not to blame.
Code CodeFor(std::string_view sqlstate);

// Whether the same work, made again, may pass at once: a lost race, or a row that another session
// has inserted meanwhile (23505). One that is refused for good is so a few times more.
bool IsLostRace(std::string_view sqlstate);

// Whether a read that failed with `error` may be made again without what is shown beside its answer
// and was perhaps not to be read: the server refused, and the connection stands. Logs that it was
// left out.
bool GoesOnWithout(Connection& connection, const Error& error);

// What an operator can do about it, empty when the server's own words are enough.
std::string_view HintFor(std::string_view sqlstate);

// The same about a connection that was not made: libpq does not tell its SQLSTATE.
std::string_view HintForConnecting(std::string_view message);

}  // namespace insightd::store::pg
