// From the checked tree to nodes.
#pragma once

#include <memory>

#include "cel/node.h"

namespace insightd::cel {

// Copies everything that it keeps of `ast`. Reports what a Prepare hook refuses.
std::shared_ptr<const internal::ProgramData> Plan(const Ast& ast, Reporter& reporter,
                                                  CompileOptions::Trace trace);

}  // namespace insightd::cel
