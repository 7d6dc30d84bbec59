// Whether an archive is one of an Insights Operator.
#pragma once

#include <string_view>

#include "archive/file_tree.h"
#include "base/result.h"

namespace insightd::pipeline {

// Members that tell; to be among the wanted ones.
bool TellsOfOperator(std::string_view member);

// kInvalid when nothing that was wanted lies below `config/` or `insights-operator/`: then there
// is nothing in it to judge a cluster by. One of these is enough, since `config/id` may be absent,
// and an archive made by hand may have little else.
Result<void> CheckIsOfOperator(const archive::FileTree& tree);

}  // namespace insightd::pipeline
