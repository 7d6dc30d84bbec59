#include "store/postgres/statements.h"

#include <utility>

namespace insightd::store::pg {
namespace {

StatementObserver& Observer() {
  static StatementObserver observer;
  return observer;
}

}  // namespace

void SetStatementObserver(StatementObserver observer) { Observer() = std::move(observer); }
const StatementObserver& CurrentStatementObserver() { return Observer(); }

}  // namespace insightd::store::pg
