// Macros: calls that are read differently, because a variable or a field stands in them.
#include <fmt/format.h>

#include "cel/parser.h"

namespace insightd::cel {
namespace {

class Expander {
 public:
  Expander(Expr* call, Ast& ast, Reporter& reporter)
      : call_(call), ast_(ast), reporter_(reporter) {}

  Expr* Run() {
    const std::string_view name = call_->name;
    const std::size_t count = call_->args.size();
    if (!call_->member) {
      return name == "has" && count == 1 ? Has() : call_;
    }
    if (IsNamespace("cel")) return name == "bind" && count == 3 ? Bind() : Block();
    if (IsNamespace("math") && (name == "greatest" || name == "least") && count > 2) return Pack();
    if (name == "all") return OneOrTwo(Fold::kAll);
    if (name == "exists") return OneOrTwo(Fold::kExists);
    if (name == "exists_one" || name == "existsOne") return OneOrTwo(Fold::kExistsOne);
    if (name == "filter" && count == 2) return Comprehension(Fold::kFilter, false, false);
    if (name == "map" && count == 2) return Comprehension(Fold::kMap, false, false);
    if (name == "map" && count == 3) return Comprehension(Fold::kMap, false, true);
    if (name == "sortBy" && count == 2) return Comprehension(Fold::kSortBy, false, false);
    if (name == "transformList") return Transform(Fold::kMap);
    if (name == "transformMap") return Transform(Fold::kTransformMap);
    if (name == "transformMapEntry") return Transform(Fold::kTransformMapEntry);
    if (name == "optMap" && count == 2) return OptionalMap(false);
    if (name == "optFlatMap" && count == 2) return OptionalMap(true);
    return call_;
  }

 private:
  bool IsNamespace(std::string_view name) const {
    return call_->target->kind == ExprKind::kIdent && call_->target->name == name;
  }

  // The name that argument `which` is; reports when it is something else.
  std::string_view Variable(const Expr* arg) {
    if (arg->kind == ExprKind::kIdent && !arg->rooted) return arg->name;
    if (arg->kind != ExprKind::kError) {
      reporter_.Report(arg->offset,
                       fmt::format("'{}' needs the name of a variable here", call_->name));
    }
    return {};
  }

  Expr* Finish(Expr* node) {
    std::uint32_t depth = node->target->depth;
    if (node->filter != nullptr) depth = std::max(depth, node->filter->depth);
    for (const Expr* arg : node->args) depth = std::max(depth, arg->depth);
    node->depth = depth + 1;
    return node;
  }

  Expr* Has() {
    Expr* arg = call_->args[0];
    if (arg->kind == ExprKind::kError) return arg;
    if (arg->kind != ExprKind::kSelect || arg->optional) {
      reporter_.Report(call_->offset, "has() needs a member: has(a.b)");
      return ast_.New(ExprKind::kError, call_->offset);
    }
    arg->test_only = true;
    return arg;
  }

  Expr* OneOrTwo(Fold fold) {
    if (call_->args.size() == 2) return Comprehension(fold, false, false);
    if (call_->args.size() == 3) return Comprehension(fold, true, false);
    return call_;
  }

  Expr* Transform(Fold fold) {
    if (call_->args.size() == 3) return Comprehension(fold, true, false);
    if (call_->args.size() == 4) return Comprehension(fold, true, true);
    return call_;
  }

  Expr* Comprehension(Fold fold, bool two_variables, bool filtered) {
    Expr* node = ast_.New(ExprKind::kComprehension, call_->offset);
    node->fold = fold;
    node->name = call_->name;
    node->target = call_->target;
    std::size_t at = 0;
    node->variable = Variable(call_->args[at++]);
    if (two_variables) {
      node->second_variable = Variable(call_->args[at++]);
      if (!node->second_variable.empty() && node->second_variable == node->variable) {
        reporter_.Report(call_->args[1]->offset,
                         fmt::format("both variables of '{}' have one name", call_->name));
      }
      if (node->second_variable.empty()) node->second_variable = "?";
    }
    if (filtered) node->filter = call_->args[at++];
    node->args.push_back(call_->args[at]);
    return Finish(node);
  }

  Expr* Bind() {
    Expr* node = ast_.New(ExprKind::kBind, call_->offset);
    node->variable = Variable(call_->args[0]);
    node->target = call_->args[1];
    node->args.push_back(call_->args[2]);
    return Finish(node);
  }

  Expr* OptionalMap(bool flat) {
    Expr* node = ast_.New(ExprKind::kOptionalMap, call_->offset);
    node->name = call_->name;
    node->optional = flat;
    node->target = call_->target;
    node->variable = Variable(call_->args[0]);
    node->args.push_back(call_->args[1]);
    return Finish(node);
  }

  // math.greatest(a, b, c) is math.greatest([a, b, c]).
  Expr* Pack() {
    Expr* list = ast_.New(ExprKind::kList, call_->args[0]->offset);
    list->args = std::move(call_->args);
    list->optional_args.assign(list->args.size(), false);
    list->depth = call_->depth;
    call_->args = {list};
    ++call_->depth;
    return call_;
  }

  // cel.block([a, b], x) with cel.index(0) for a; cel.iterVar(n, m) for names of variables: what
  // optimisers write. Turned into binds.
  Expr* Block() {
    const auto& args = call_->args;
    auto is_int = [](const Expr* arg) {
      return arg->kind == ExprKind::kLiteral && arg->literal.is_int() && arg->literal.AsInt() >= 0;
    };
    if (call_->name == "index" && args.size() == 1 && is_int(args[0])) {
      return Named(fmt::format("@index{}", args[0]->literal.AsInt()));
    }
    if ((call_->name == "iterVar" || call_->name == "accuVar") && args.size() == 2 &&
        is_int(args[0]) && is_int(args[1])) {
      return Named(fmt::format("@{}{}:{}", call_->name == "iterVar" ? "it" : "ac",
                               args[0]->literal.AsInt(), args[1]->literal.AsInt()));
    }
    if (call_->name == "block" && args.size() == 2 && args[0]->kind == ExprKind::kList) {
      Expr* body = args[1];
      const std::vector<Expr*>& bound = args[0]->args;
      for (std::size_t i = bound.size(); i-- > 0;) {
        Expr* node = ast_.New(ExprKind::kBind, call_->offset);
        node->variable = ast_.texts.Copy(fmt::format("@index{}", i));
        node->target = bound[i];
        node->args.push_back(body);
        body = Finish(node);
        if (body->depth > kExpressionDepthMax) {
          reporter_.Report(call_->offset, fmt::format("expression is deeper than {} operations",
                                                      kExpressionDepthMax));
          return ast_.New(ExprKind::kError, call_->offset);
        }
      }
      return body;
    }
    return call_;
  }

  Expr* Named(const std::string& name) {
    Expr* node = ast_.New(ExprKind::kIdent, call_->offset);
    node->name = ast_.texts.Copy(name);
    return node;
  }

  Expr* call_;
  Ast& ast_;
  Reporter& reporter_;
};

}  // namespace

Expr* ExpandMacro(Expr* call, Ast& ast, Reporter& reporter) {
  return Expander(call, ast, reporter).Run();
}

}  // namespace insightd::cel
