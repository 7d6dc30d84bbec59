#include <algorithm>

#include "app/roles.h"

namespace insightd::app {
namespace {

enum class Mark : std::uint8_t { kNew, kOpen, kPlaced };

void Place(std::span<const RoleRow> rows, std::string_view name, std::vector<Mark>& marks,
           std::vector<const RoleRow*>& order) {
  const auto row = std::find_if(rows.begin(), rows.end(), [name](const RoleRow& candidate) {
    return candidate.name == name;
  });
  INSIGHTD_ASSERT(row != rows.end());
  Mark& mark = marks[static_cast<std::size_t>(row - rows.begin())];
  if (mark == Mark::kPlaced) return;
  INSIGHTD_ASSERT(mark != Mark::kOpen);
  mark = Mark::kOpen;
  for (const std::string_view needed : row->needs) Place(rows, needed, marks, order);
  mark = Mark::kPlaced;
  order.push_back(&*row);
}

}  // namespace

std::vector<const RoleRow*> StartOrder(std::span<const RoleRow> rows, std::string_view name) {
  std::vector<Mark> marks(rows.size(), Mark::kNew);
  std::vector<const RoleRow*> order;
  Place(rows, name, marks, order);
  return order;
}

}  // namespace insightd::app
