// What several messages are printed with. For the printers of this folder.
#pragma once

#include <string_view>

#include "base/json_writer.h"
#include "results/result.h"

namespace insightd::results {

void PrintTextOrNull(json::JsonWriter& w, std::string_view name, std::string_view text);
void PrintTexts(json::JsonWriter& w, std::string_view name, const std::vector<std::string>& texts);
// An object as JSON text, in the writer's form; `{}` for what is none.
void PrintObject(json::JsonWriter& w, std::string_view name, std::string_view text,
                 json::Parser& parser);

// Members of a report.
void PrintSystem(json::JsonWriter& w);
void PrintSkips(json::JsonWriter& w, const std::vector<Skip>& skips);
void PrintAnalysis(json::JsonWriter& w, const Report& report);
// The report of a result.
void PrintReport(json::JsonWriter& w, const Report& report, json::Parser& parser);

}  // namespace insightd::results
