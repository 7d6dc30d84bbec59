#include "content/templating/escape.h"

namespace insightd::content::templating {

std::string EscapeData(std::string_view text, const std::vector<Range>& /*data*/) {
  return std::string(text);
}

}  // namespace insightd::content::templating
