// Data in Markdown: shown as it is, wherever it stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "content/templating/value.h"

namespace insightd::content::templating {

std::string EscapeData(std::string_view text, const std::vector<Range>& data);

}  // namespace insightd::content::templating
