#include "rules/rule_inputs.h"

#include <set>

namespace insightd::rules {
namespace {

class Reader {
 public:
  Reader(const Pack& pack, const Rule& rule) : pack_(pack), rule_(rule) {}

  void Read(const Expression& expression) {
    for (const std::uint32_t slot : expression.program.slots()) ReadSlot(slot);
  }

  void Read(const DetailNode& node) {
    if (node.kind == DetailNode::Kind::kExpression) Read(node.expression);
    for (const DetailNode& child : node.children) Read(child);
  }

  void Add(std::uint32_t input) { inputs_.insert(input); }
  std::vector<std::uint32_t> inputs() const { return {inputs_.begin(), inputs_.end()}; }

 private:
  void ReadSlot(std::uint32_t slot) {
    if (!slots_.insert(slot).second) return;
    if (slot == pack_.ocp_slot) Add(pack_.version_input);
    for (std::uint32_t i = 0; i < pack_.inputs.size(); ++i) {
      if (!pack_.inputs[i].name.empty() && pack_.inputs[i].slot == slot) Add(i);
    }
    for (const Named& global : pack_.globals) {
      if (global.slot == slot) Read(global.expression);
    }
    for (const Named& let : rule_.lets) {
      if (let.slot == slot) Read(let.expression);
    }
  }

  const Pack& pack_;
  const Rule& rule_;
  std::set<std::uint32_t> slots_;
  std::set<std::uint32_t> inputs_;
};

}  // namespace

std::vector<std::uint32_t> InputsRead(const Pack& pack, const Rule& rule) {
  Reader reader(pack, rule);
  for (const Need& need : rule.needs) {
    for (const std::uint32_t input : need) reader.Add(input);
  }
  if (rule.versions) reader.Add(pack.version_input);
  if (rule.absence) reader.Add(pack.gathers_input);
  reader.Read(rule.when);
  reader.Read(rule.details);
  return reader.inputs();
}

}  // namespace insightd::rules
