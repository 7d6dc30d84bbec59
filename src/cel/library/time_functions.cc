// Parts of timestamps and durations.
#include <cstdlib>

#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/time.h"

namespace insightd::cel {
namespace {

enum class Part {
  kFullYear,
  kMonth,
  kDate,
  kDayOfMonth,
  kDayOfWeek,
  kDayOfYear,
  kHours,
  kMinutes,
  kSeconds,
  kMilliseconds
};

std::int64_t PartOf(Part part, Instant at, std::int64_t offset) {
  const CivilTime civil = ToCivil(at, offset);
  switch (part) {
    case Part::kFullYear: return civil.year;
    case Part::kMonth: return civil.month - 1;
    case Part::kDate: return civil.day;
    case Part::kDayOfMonth: return civil.day - 1;
    case Part::kDayOfWeek: return civil.day_of_week;
    case Part::kDayOfYear: return civil.day_of_year;
    case Part::kHours: return civil.hour;
    case Part::kMinutes: return civil.minute;
    case Part::kSeconds: return civil.second;
    case Part::kMilliseconds: return at.nanoseconds / 1'000'000;
  }
  __builtin_unreachable();
}

template <Part part>
Value OfTimestamp(Context&, const Value* args, const void*) {
  return Value::Int(PartOf(part, args[0].AsInstant(), 0));
}

template <Part part>
Value OfTimestampInZone(Context& context, const Value* args, const void*) {
  const auto offset = ZoneOffset(args[1].AsString(), args[0].AsInstant());
  if (!offset) return context.Error("unknown time zone: ", args[1]);
  return Value::Int(PartOf(part, args[0].AsInstant(), *offset));
}

// Whole units, rounded towards zero; milliseconds are those behind the second.
template <Part part>
Value OfDuration(Context&, const Value* args, const void*) {
  Instant length = args[0].AsInstant();
  std::int64_t milliseconds = length.nanoseconds / 1'000'000;
  if (length.seconds < 0 && length.nanoseconds > 0) {
    ++length.seconds;
    milliseconds = -static_cast<std::int64_t>((1'000'000'000 - length.nanoseconds) / 1'000'000);
  }
  switch (part) {
    case Part::kHours: return Value::Int(length.seconds / 3600);
    case Part::kMinutes: return Value::Int(length.seconds / 60);
    case Part::kSeconds: return Value::Int(length.seconds);
    default: return Value::Int(milliseconds);
  }
}

template <Part part>
void AddPart(Environment& environment, const char* name) {
  environment.AddFunction(
      {name,
       {Member({kTimestampType}, kIntType, OfTimestamp<part>),
        Member({kTimestampType, kStringType}, kIntType, OfTimestampInZone<part>)}});
}
template <Part part>
void AddDurationPart(Environment& environment, const char* name) {
  environment.AddFunction({name, {Member({kDurationType}, kIntType, OfDuration<part>)}});
}

}  // namespace

void AddTimeFunctions(Environment& environment) {
  AddPart<Part::kFullYear>(environment, "getFullYear");
  AddPart<Part::kMonth>(environment, "getMonth");
  AddPart<Part::kDate>(environment, "getDate");
  AddPart<Part::kDayOfMonth>(environment, "getDayOfMonth");
  AddPart<Part::kDayOfWeek>(environment, "getDayOfWeek");
  AddPart<Part::kDayOfYear>(environment, "getDayOfYear");
  AddPart<Part::kHours>(environment, "getHours");
  AddPart<Part::kMinutes>(environment, "getMinutes");
  AddPart<Part::kSeconds>(environment, "getSeconds");
  AddPart<Part::kMilliseconds>(environment, "getMilliseconds");
  AddDurationPart<Part::kHours>(environment, "getHours");
  AddDurationPart<Part::kMinutes>(environment, "getMinutes");
  AddDurationPart<Part::kSeconds>(environment, "getSeconds");
  AddDurationPart<Part::kMilliseconds>(environment, "getMilliseconds");
}

}  // namespace insightd::cel
