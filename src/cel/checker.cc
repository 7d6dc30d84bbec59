#include "cel/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "cel/names.h"
#include "cel/parser.h"
#include "cel/unify.h"

namespace insightd::cel {
namespace {

// As authors write them.
std::string SignOf(const Expr& call) { return call.name == "-_" ? "-" : std::string(call.name); }

class Checker {
 public:
  Checker(const Environment& environment, bool types, Ast& ast, Reporter& reporter)
      : environment_(environment), types_(types), ast_(ast), reporter_(reporter) {}

  void Run() {
    Visit(*ast_.root);
    for (Expr& node : ast_.nodes) node.type = unifier_.Substitute(node.type, true);
  }

 private:
  struct Local {
    std::string_view name;
    Type type;
    std::uint32_t index;
  };

  Type Known(const Expr& node) const { return unifier_.Substitute(node.type, false); }

  void Visit(Expr& node) {
    switch (node.kind) {
      case ExprKind::kError: node.type = Type::Error(); return;
      case ExprKind::kLiteral: node.type = LiteralType(node.literal); return;
      case ExprKind::kIdent: return VisitIdent(node);
      case ExprKind::kSelect: return VisitSelect(node);
      case ExprKind::kIndex: return VisitIndex(node);
      case ExprKind::kCall: return VisitCall(node);
      case ExprKind::kAnd: return VisitLogic(node, "&&");
      case ExprKind::kOr: return VisitLogic(node, "||");
      case ExprKind::kTernary: return VisitTernary(node);
      case ExprKind::kList: return VisitList(node);
      case ExprKind::kMap: return VisitMap(node);
      case ExprKind::kMessage:
        reporter_.Report(node.offset, fmt::format("unknown type '{}'; values of messages are not "
                                                  "supported, write a map",
                                                  node.name));
        node.type = Type::Error();
        return;
      case ExprKind::kComprehension: return VisitComprehension(node);
      case ExprKind::kBind: return VisitBind(node);
      case ExprKind::kOptionalMap: return VisitOptionalMap(node);
    }
  }

  static Type LiteralType(const Value& value) {
    switch (value.kind()) {
      case Kind::kNull: return Type::Null();
      case Kind::kBool: return Type::Bool();
      case Kind::kInt: return Type::Int();
      case Kind::kUint: return Type::Uint();
      case Kind::kDouble: return Type::Double();
      case Kind::kString: return Type::String();
      case Kind::kBytes: return Type::Bytes();
      default: return Type::Dyn();
    }
  }

  // --- Names ---

  const Local* FindLocal(std::string_view name) const {
    for (auto at = locals_.rbegin(); at != locals_.rend(); ++at) {
      if (at->name == name) return &*at;
    }
    return nullptr;
  }

  // The names that `name` may stand for, the innermost namespace first.
  std::vector<std::string> Candidates(std::string_view name, bool rooted) const {
    std::vector<std::string> candidates;
    if (!rooted) {
      std::string_view container = environment_.container();
      while (!container.empty()) {
        candidates.push_back(fmt::format("{}.{}", container, name));
        const std::size_t dot = container.rfind('.');
        container = dot == container.npos ? std::string_view() : container.substr(0, dot);
      }
    }
    candidates.emplace_back(name);
    return candidates;
  }

  const Variable* FindVariable(std::string_view name, bool rooted) const {
    for (const std::string& candidate : Candidates(name, rooted)) {
      if (const Variable* variable = environment_.FindVariable(candidate)) return variable;
    }
    return nullptr;
  }

  void Resolve(Expr& node, const Variable& variable) {
    if (variable.constant) {
      node.source = Source::kConstant;
      node.literal = *variable.constant;
    } else {
      node.source = Source::kSlot;
      node.slot = variable.slot;
    }
    node.kind = ExprKind::kIdent;
    node.type = types_ ? variable.type : Type::Dyn();
  }

  void VisitIdent(Expr& node) {
    if (!node.rooted) {
      if (const Local* local = FindLocal(node.name)) {
        node.source = Source::kLocal;
        node.local = local->index;
        node.type = local->type;
        return;
      }
    }
    if (const Variable* variable = FindVariable(node.name, node.rooted)) {
      return Resolve(node, *variable);
    }
    if (!types_) {  // an error when it is evaluated
      node.source = Source::kNone;
      node.type = Type::Dyn();
      return;
    }
    std::string suggestion;
    if (!reporter_.full()) {
      NearestName nearest(node.name);
      for (const Local& local : locals_) nearest.Offer(local.name);
      suggestion = nearest.best();
      if (suggestion.empty()) suggestion = environment_.NearestVariable(node.name);
    }
    reporter_.Report(node.offset, fmt::format("unknown name '{}'", node.name),
                     std::move(suggestion));
    node.kind = ExprKind::kError;
    node.type = Type::Error();
  }

  // "a.b.c" if the node is such a chain and `a` is no local variable.
  bool QualifiedName(const Expr& node, std::string& name, bool& rooted) const {
    if (node.kind == ExprKind::kIdent) {
      rooted = node.rooted;
      name = node.name;
      return rooted || FindLocal(node.name) == nullptr;
    }
    if (node.kind != ExprKind::kSelect || node.optional || node.test_only ||
        !QualifiedName(*node.target, name, rooted)) {
      return false;
    }
    name += '.';
    name += node.name;
    return true;
  }

  void VisitSelect(Expr& node) {
    std::string qualified;
    bool rooted = false;
    if (!node.test_only && QualifiedName(node, qualified, rooted)) {
      if (const Variable* variable = FindVariable(qualified, rooted)) {
        return Resolve(node, *variable);
      }
    }
    Visit(*node.target);
    bool optional = false;
    const Type field = SelectedType(Unwrapped(Known(*node.target), optional), node);
    if (node.test_only) {
      node.type = field.kind() == TypeKind::kError ? Type::Error() : Type::Bool();
    } else {
      node.type = optional || node.optional ? Type::Optional(field) : field;
    }
  }

  static Type Unwrapped(Type type, bool& optional) {
    if (type.kind() != TypeKind::kOptional) return type;
    optional = true;
    return type.params()[0];
  }

  Type SelectedType(const Type& target, const Expr& node) {
    switch (target.kind()) {
      case TypeKind::kDyn: return Type::Dyn();
      case TypeKind::kError: return Type::Error();
      case TypeKind::kParam: unifier_.Assignable(Type::Dyn(), target); return Type::Dyn();
      case TypeKind::kMap:
        if (!unifier_.Assignable(Type::String(), target.params()[0])) break;
        return target.params()[1];
      default: break;
    }
    reporter_.Report(node.offset,
                     fmt::format("{} has no members, so no '{}'", target.ToString(), node.name));
    return Type::Error();
  }

  void VisitIndex(Expr& node) {
    Visit(*node.target);
    Visit(*node.args[0]);
    bool optional = false;
    const Type target = Unwrapped(Known(*node.target), optional);
    const Type index = Known(*node.args[0]);
    Type element;
    switch (target.kind()) {
      case TypeKind::kDyn: element = Type::Dyn(); break;
      case TypeKind::kError: element = Type::Error(); break;
      case TypeKind::kParam:
        unifier_.Assignable(Type::Dyn(), target);
        element = Type::Dyn();
        break;
      case TypeKind::kList:
        element = target.params()[0];
        if (types_ && !unifier_.Assignable(index, Type::Int())) {
          reporter_.Report(node.args[0]->offset,
                           fmt::format("index of a list is {}, not int", index.ToString()));
          element = Type::Error();
        }
        break;
      case TypeKind::kMap:
        element = target.params()[1];
        if (types_ && !unifier_.Assignable(index, target.params()[0])) {
          reporter_.Report(node.args[0]->offset,
                           fmt::format("key of {} is {}", target.ToString(), index.ToString()));
          element = Type::Error();
        }
        break;
      default:
        element = Type::Error();
        reporter_.Report(node.offset, fmt::format("{} has no elements", target.ToString()));
        break;
    }
    node.type = optional || node.optional ? Type::Optional(element) : element;
  }

  // --- Calls ---

  void VisitCall(Expr& node) {
    std::vector<const Overload*> found;
    if (node.member && node.target != nullptr && FindQualified(node, found)) {
      node.target = nullptr;
      node.member = false;
    } else if (node.member) {
      if (types_ && ReportUnknownInNamespace(node)) return;
      Visit(*node.target);
      node.args.insert(node.args.begin(), node.target);
      found = environment_.FindFunction(node.name);
      if (found.empty() && types_ && ReportMisspeltMacro(node)) return;
    } else {
      for (const std::string& candidate : Candidates(node.name, node.rooted)) {
        found = environment_.FindFunction(candidate);
        if (!found.empty()) break;
      }
    }
    for (std::size_t i = node.member ? 1 : 0; i < node.args.size(); ++i) Visit(*node.args[i]);

    std::erase_if(found, [&](const Overload* o) { return o->member != node.member; });
    if (found.empty() && types_) return ReportUnknown(node);
    ResolveOverloads(node, found);
  }

  // math.greatest(x): a function's name, not a receiver.
  bool FindQualified(Expr& node, std::vector<const Overload*>& found) {
    std::string qualified;
    bool rooted = false;
    if (!QualifiedName(*node.target, qualified, rooted)) return false;
    qualified += '.';
    qualified += node.name;
    for (const std::string& candidate : Candidates(qualified, rooted)) {
      found = environment_.FindFunction(candidate);
      std::erase_if(found, [](const Overload* o) { return o->member; });
      if (found.empty()) continue;
      node.name = ast_.texts.Copy(candidate);
      return true;
    }
    return false;
  }

  void ReportUnknown(Expr& node) {
    node.type = Type::Error();
    const bool other_style = environment_.HasFunction(node.name);
    std::string message;
    if (other_style) {
      message = node.member ? fmt::format("'{0}' is called as {0}(x), not x.{0}()", node.name)
                            : fmt::format("'{0}' is called as x.{0}(), not {0}(x)", node.name);
    } else if (IsMacro(node.name, node.member)) {
      message = fmt::format("'{}' with {} arguments; a macro is called as {}", node.name,
                            node.args.size() - (node.member ? 1 : 0),
                            node.member ? fmt::format("list.{}(name, expression)", node.name)
                                        : fmt::format("{}(a.b)", node.name));
    } else {
      message = fmt::format("unknown function '{}'{}", node.name, InOtherLanguages(node.name));
    }
    std::string suggestion;
    if (!other_style && !reporter_.full()) {
      suggestion = environment_.NearestFunction(node.name, node.member);
    }
    reporter_.Report(node.offset, std::move(message), std::move(suggestion));
    node.kind = ExprKind::kError;
  }

  // math.maximum(1, 2): a function that its namespace does not have.
  bool ReportUnknownInNamespace(Expr& node) {
    std::string qualified;
    bool rooted = false;
    if (!QualifiedName(*node.target, qualified, rooted) ||
        FindVariable(qualified, rooted) != nullptr || !environment_.HasNamespace(qualified)) {
      return false;
    }
    node.name = ast_.texts.Copy(fmt::format("{}.{}", qualified, node.name));
    node.member = false;
    for (Expr* arg : node.args) Visit(*arg);
    ReportUnknown(node);
    return true;
  }

  // nodes.exist(n, n.ready): a macro misspelt, whose variable is unknown for that reason alone.
  bool ReportMisspeltMacro(Expr& node) {
    if (node.args.size() < 3 || node.args[1]->kind != ExprKind::kIdent || reporter_.full()) {
      return false;
    }
    const std::string_view meant = InOtherLanguages(node.name);
    const std::string nearest =
        meant.empty() ? environment_.NearestFunction(node.name, true) : std::string();
    if (meant.empty() && !IsMacro(nearest, true)) return false;
    reporter_.Report(node.offset, fmt::format("unknown function '{}'{}", node.name, meant),
                     nearest);
    node.kind = ExprKind::kError;
    node.type = Type::Error();
    return true;
  }

  // What people write who know another language; with what it is called here.
  static std::string_view InOtherLanguages(std::string_view name) {
    static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"any", "; that is exists() here"},
        {"some", "; that is exists() here"},
        {"every", "; that is all() here"},
        {"find", "; that is filter() here"},
        {"select", "; that is filter() here"},
        {"where", "; that is filter() here"},
        {"len", "; that is size() here"},
        {"length", "; that is size() here"},
        {"count", "; that is size() here"},
        {"includes", "; that is contains() here"},
        {"toLowerCase", "; that is lowerAscii() here"},
        {"lower", "; that is lowerAscii() here"},
        {"toUpperCase", "; that is upperAscii() here"},
        {"upper", "; that is upperAscii() here"},
        {"unique", "; that is distinct() here"},
        {"str", "; that is string() here"},
        {"float", "; that is double() here"},
        {"default", "; get(x, path, default) is there"}};
    for (const auto& [other, meaning] : kNames) {
      if (other == name) return meaning;
    }
    return {};
  }

  static bool IsMacro(std::string_view name, bool member) {
    if (!member) return name == "has";
    return std::find(std::begin(kMemberMacros), std::end(kMemberMacros), name) !=
           std::end(kMemberMacros);
  }

  void ResolveOverloads(Expr& node, const std::vector<const Overload*>& found) {
    std::vector<Type> args;
    for (const Expr* arg : node.args) args.push_back(Known(*arg));
    if (!types_) {
      for (const Overload* overload : found) {
        if (overload->params.size() == args.size()) node.overloads.push_back(overload);
      }
      node.type = Type::Dyn();
      return;
    }
    bool first = true;
    for (const Overload* overload : found) {
      if (overload->params.size() != args.size()) continue;
      std::vector<Type> signature = overload->params;
      signature.push_back(overload->result);
      signature = unifier_.Instantiate(signature);
      const Type result = signature.back();
      signature.pop_back();
      if (!unifier_.Assignable(args, signature)) continue;
      node.overloads.push_back(overload);
      const Type known = unifier_.Substitute(result, false);
      if (first) {
        node.type = known;
      } else if (!node.type.is_dyn() && !(node.type == known)) {
        node.type = Type::Dyn();
      }
      first = false;
    }
    if (!first) return;
    node.type = Type::Error();
    for (const Type& arg : args) {
      if (HasError(arg)) return;
    }
    ReportMismatch(node, found, args);
  }

  // Of something that has been reported already.
  static bool HasError(const Type& type) {
    if (type.kind() == TypeKind::kError) return true;
    for (const Type& param : type.params()) {
      if (HasError(param)) return true;
    }
    return false;
  }

  void ReportMismatch(const Expr& node, const std::vector<const Overload*>& found,
                      const std::vector<Type>& args) {
    std::vector<std::string> shown;
    for (const Type& arg : args) shown.push_back(unifier_.Substitute(arg, true).ToString());
    std::string message;
    if (node.operator_sign) {
      message = args.size() == 1 ? fmt::format("no operator '{}' for {}", SignOf(node), shown[0])
                                 : fmt::format("no operator '{}' for {} and {}", SignOf(node),
                                               shown[0], shown[1]);
      if (args.size() == 2 && shown[0] != shown[1] && IsNumber(args[0]) && IsNumber(args[1])) {
        message += "; convert one: double(x), int(x)";
      } else if (node.name == "==" || node.name == "!=") {
        message += "; they are never equal (dyn(x) compares anyway)";
      } else if (node.name == "*" && args.size() == 2 &&
                 (args[0].kind() == TypeKind::kDuration || args[1].kind() == TypeKind::kDuration)) {
        message += "; duration(string(24 * days) + 'h') makes one of a number";
      }
    } else {
      const auto begin = shown.begin() + (node.member ? 1 : 0);
      const std::string list = fmt::format("{}", fmt::join(begin, shown.end(), ", "));
      message = node.member ? fmt::format("'{}' does not fit: {}.{}({})", node.name, shown[0],
                                          node.name, list)
                            : fmt::format("'{}' does not fit: {}({})", node.name, node.name, list);
      message += fmt::format("; there is {}", Signatures(node, found));
    }
    reporter_.Report(node.offset, std::move(message));
  }

  static bool IsNumber(const Type& type) {
    return type.kind() == TypeKind::kInt || type.kind() == TypeKind::kUint ||
           type.kind() == TypeKind::kDouble;
  }

  static std::string Signatures(const Expr& node, const std::vector<const Overload*>& found) {
    constexpr std::size_t kShownMax = 4;
    std::vector<std::string> all;
    for (const Overload* overload : found) {
      std::vector<std::string> params;
      for (const Type& param : overload->params) params.push_back(param.ToString());
      const std::string list = fmt::format(
          "{}", fmt::join(params.begin() + (overload->member ? 1 : 0), params.end(), ", "));
      all.push_back(overload->member ? fmt::format("{}.{}({})", params[0], node.name, list)
                                     : fmt::format("{}({})", node.name, list));
    }
    const std::size_t shown = std::min(all.size(), kShownMax);
    std::string text = fmt::format(
        "{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (all.size() > shown) text += fmt::format(" and {} more", all.size() - shown);
    return text;
  }

  // --- Operators with a behaviour of their own ---

  void ExpectBool(const Expr& node, std::string_view where) {
    const Type type = Known(node);
    if (types_ && !unifier_.Assignable(type, Type::Bool())) {
      reporter_.Report(node.offset, fmt::format("{} needs bool, not {}", where, type.ToString()));
    }
  }

  void VisitLogic(Expr& node, std::string_view sign) {
    for (Expr* arg : node.args) {
      Visit(*arg);
      ExpectBool(*arg, fmt::format("'{}'", sign));
    }
    node.type = Type::Bool();
  }

  void VisitTernary(Expr& node) {
    for (Expr* arg : node.args) Visit(*arg);
    ExpectBool(*node.args[0], "the condition of '?'");
    if (!types_) {
      node.type = Type::Dyn();
      return;
    }
    const Type variable = unifier_.Fresh();
    const Type branches[] = {Known(*node.args[1]), Known(*node.args[2])};
    const Type wanted[] = {variable, variable};
    if (unifier_.Assignable(branches, wanted)) {
      node.type = unifier_.Substitute(variable, false);
      return;
    }
    reporter_.Report(node.offset, fmt::format("branches of '?' differ: {} and {}; dyn(x) lets them",
                                              unifier_.Substitute(branches[0], true).ToString(),
                                              unifier_.Substitute(branches[1], true).ToString()));
    node.type = Type::Error();
  }

  // --- Lists and maps ---

  // Of an entry with `?` in front: what its optional holds.
  Type EntryType(const Expr& value, bool optional) {
    const Type type = Known(value);
    if (!optional) return type;
    if (type.kind() == TypeKind::kOptional) return type.params()[0];
    if (types_ && !type.is_dyn() && type.kind() != TypeKind::kError &&
        type.kind() != TypeKind::kParam) {
      reporter_.Report(value.offset,
                       fmt::format("an entry with '?' needs an optional, not {}", type.ToString()));
      return Type::Error();
    }
    return Type::Dyn();
  }

  void JoinInto(Type& joined, bool& first, const Type& type) {
    joined = first ? type : unifier_.Join(joined, type);
    first = false;
  }

  void VisitList(Expr& node) {
    Type element;
    bool first = true;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      Visit(*node.args[i]);
      JoinInto(element, first, EntryType(*node.args[i], node.optional_args[i]));
    }
    if (first) element = unifier_.Fresh();
    node.type = types_ ? Type::List(element) : Type::Dyn();
  }

  void VisitMap(Expr& node) {
    Type key;
    Type value;
    bool first_key = true;
    bool first_value = true;
    for (std::size_t i = 0; i < node.args.size(); i += 2) {
      Visit(*node.args[i]);
      Visit(*node.args[i + 1]);
      const Type key_type = Known(*node.args[i]);
      if (types_ && !IsKey(key_type)) {
        reporter_.Report(node.args[i]->offset,
                         fmt::format("key of a map is {}; it can be string, int, uint, bool",
                                     key_type.ToString()));
      }
      JoinInto(key, first_key, key_type);
      JoinInto(value, first_value, EntryType(*node.args[i + 1], node.optional_args[i / 2]));
    }
    if (first_key) {
      key = unifier_.Fresh();
      value = unifier_.Fresh();
    }
    node.type = types_ ? Type::Map(key, value) : Type::Dyn();
  }

  static bool IsKey(const Type& type) {
    switch (type.kind()) {
      case TypeKind::kDyn:
      case TypeKind::kError:
      case TypeKind::kParam:
      case TypeKind::kString:
      case TypeKind::kInt:
      case TypeKind::kUint:
      case TypeKind::kBool: return true;
      default: return false;
    }
  }

  // --- Variables of an expression's own ---

  std::uint32_t Push(std::string_view name, Type type) {
    const auto index = static_cast<std::uint32_t>(locals_.size());
    locals_.push_back({name, types_ ? std::move(type) : Type::Dyn(), index});
    ast_.locals = std::max(ast_.locals, index + 1);
    return index;
  }

  void VisitComprehension(Expr& node) {
    Visit(*node.target);
    const bool two = !node.second_variable.empty();
    const Type range = Known(*node.target);
    Type first = Type::Dyn();
    Type second = Type::Dyn();
    switch (range.kind()) {
      case TypeKind::kList:
        first = two ? Type::Int() : range.params()[0];
        second = range.params()[0];
        break;
      case TypeKind::kMap:
        if (node.fold == Fold::kSortBy) {
          ReportRange(node, range);
          break;
        }
        first = range.params()[0];
        second = range.params()[1];
        break;
      case TypeKind::kParam: unifier_.Assignable(Type::Dyn(), range); break;
      case TypeKind::kDyn: break;
      case TypeKind::kError: first = second = Type::Error(); break;
      default:
        ReportRange(node, range);
        first = second = Type::Error();
        break;
    }
    node.local = Push(node.variable, first);
    if (two) Push(node.second_variable, second);
    if (node.filter != nullptr) {
      Visit(*node.filter);
      ExpectBool(*node.filter, fmt::format("the condition of '{}'", node.name));
    }
    Expr& body = *node.args[0];
    Visit(body);
    locals_.resize(node.local);
    FinishComprehension(node, range, first, body);
  }

  void ReportRange(const Expr& node, const Type& range) {
    reporter_.Report(
        node.offset,
        fmt::format("'{}' goes over {}, not {}", node.name,
                    node.fold == Fold::kSortBy ? "a list" : "a list or map", range.ToString()));
  }

  void FinishComprehension(Expr& node, const Type& range, const Type& element, const Expr& body) {
    const Type body_type = Known(body);
    switch (node.fold) {
      case Fold::kAll:
      case Fold::kExists:
      case Fold::kExistsOne:
        ExpectBool(body, fmt::format("the condition of '{}'", node.name));
        node.type = Type::Bool();
        break;
      case Fold::kFilter:
        ExpectBool(body, fmt::format("the condition of '{}'", node.name));
        node.type = Type::List(element);
        break;
      case Fold::kMap: node.type = Type::List(body_type); break;
      case Fold::kTransformMap:
        node.type = Type::Map(range.kind() == TypeKind::kList ? Type::Int() : element, body_type);
        break;
      case Fold::kTransformMapEntry:
        if (types_ && body_type.kind() != TypeKind::kMap && !body_type.is_dyn() &&
            body_type.kind() != TypeKind::kError) {
          reporter_.Report(body.offset, fmt::format("'{}' needs a map with one entry, not {}",
                                                    node.name, body_type.ToString()));
        }
        node.type =
            body_type.kind() == TypeKind::kMap ? body_type : Type::Map(Type::Dyn(), Type::Dyn());
        break;
      case Fold::kSortBy:
        node.type = range.kind() == TypeKind::kList ? range : Type::List(Type::Dyn());
        if (types_ && !IsSortable(body_type)) {
          reporter_.Report(body.offset,
                           fmt::format("values of type {} have no order", body_type.ToString()));
        }
        break;
    }
    if (!types_) node.type = Type::Dyn();
  }

  static bool IsSortable(const Type& type) {
    switch (type.kind()) {
      case TypeKind::kNull:
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kOptional:
      case TypeKind::kType:
      case TypeKind::kOpaque: return false;
      default: return true;
    }
  }

  void VisitBind(Expr& node) {
    Visit(*node.target);
    node.local = Push(node.variable, Known(*node.target));
    Visit(*node.args[0]);
    locals_.resize(node.local);
    node.type = Known(*node.args[0]);
  }

  void VisitOptionalMap(Expr& node) {
    Visit(*node.target);
    const Type target = Known(*node.target);
    Type held = Type::Dyn();
    if (target.kind() == TypeKind::kOptional) {
      held = target.params()[0];
    } else if (types_ && !target.is_dyn() && target.kind() != TypeKind::kError &&
               target.kind() != TypeKind::kParam) {
      reporter_.Report(node.offset,
                       fmt::format("'{}' needs an optional, not {}", node.name, target.ToString()));
      held = Type::Error();
    }
    node.local = Push(node.variable, held);
    Visit(*node.args[0]);
    locals_.resize(node.local);
    const Type body = Known(*node.args[0]);
    if (!node.optional) {
      node.type = Type::Optional(body);
      return;
    }
    node.type = body;
    if (types_ && body.kind() != TypeKind::kOptional && !body.is_dyn() &&
        body.kind() != TypeKind::kError && body.kind() != TypeKind::kParam) {
      reporter_.Report(node.args[0]->offset,
                       fmt::format("'{}' needs an optional, not {}", node.name, body.ToString()));
    }
  }

  const Environment& environment_;
  bool types_;
  Ast& ast_;
  Reporter& reporter_;
  Unifier unifier_;
  std::vector<Local> locals_;
};

}  // namespace

void Check(const Environment& environment, bool types, Ast& ast, Reporter& reporter) {
  Checker(environment, types, ast, reporter).Run();
}

bool IsAssignable(const Type& from, const Type& to) { return Unifier().Assignable(from, to); }

}  // namespace insightd::cel
