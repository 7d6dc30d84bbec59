#include "content/template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/json_writer.h"

namespace insightd::content {
namespace {

std::string Run(std::string text, std::string_view details, DataAs data_as) {
  const auto parsed = Template::Parse("rule reason", std::move(text));
  if (!parsed) return "error: " + parsed.error().ToText();
  const Result<json::Document> document = json::Parse(details);
  if (!document) return "error: details: " + document.error().message();
  const auto rendered = parsed->Render(document->root(), data_as);
  return rendered ? *rendered : "error: " + rendered.error().ToText();
}

// As the language alone makes it.
std::string Plain(std::string text, std::string_view details) {
  return Run(std::move(text), details, DataAs::kPlain);
}
std::string Markdown(std::string text, std::string_view details) {
  return Run(std::move(text), details, DataAs::kMarkdown);
}

struct Example {
  const char* name;
  const char* text;
  const char* details;
  const char* expected;
};

void PrintTo(const Example& example, std::ostream* out) { *out << example.name; }

class TemplateExampleTest : public testing::TestWithParam<Example> {};

TEST_P(TemplateExampleTest, IsRenderedAsInABrowser) {
  EXPECT_EQ(Plain(GetParam().text, GetParam().details), GetParam().expected);
}

// The worked examples of the language's reference, by their numbers.
INSTANTIATE_TEST_SUITE_P(
    Worked, TemplateExampleTest,
    testing::Values(
        Example{"T01", "Node **{{=pydata.node}}** is low on disk.", R"({"node":"worker-1"})",
                "Node **worker-1** is low on disk."},
        Example{"T02",
                "Affected node{{?pydata.nodes.length>1}}s{{?}}:\n{{~ pydata.nodes :n }}\n- "
                "{{=n[\"name\"]}}{{?n.role}} ({{=n.role}}){{?}}\n{{~}}\n",
                R"({"nodes":[{"name":"a","role":"master"},{"name":"b"}]})",
                "Affected nodes:\n\n- a (master)\n\n- b\n\n"},
        Example{"T03", "{{? pydata.v == '4.1'}}old{{?? pydata.v == '4.2'}}mid{{??}}new{{?}}",
                R"({"v":"4.2"})", "mid"},
        Example{"T04", "{{~pydata.items:x:i}}{{=i}}={{=x}};{{~}}", R"({"items":["p","q"]})",
                "0=p;1=q;"},
        Example{"T05", "{{~pydata.none:x}}x{{~}}end", "{}", "end"},
        Example{"T06", "{{ for (var k in pydata.m) { }}{{=k}}:{{=pydata.m[k]}} {{ } }}",
                R"({"m":{"a":1,"b":2}})", "a:1 b:2 "},
        Example{"T07", "[{{=pydata.missing}}]", "{}", "[undefined]"},
        Example{"T08", "[{{=pydata.a.b}}]", "{}",
                "error: rule reason, line 1: {{=pydata.a.b}}: cannot read \"b\" of undefined"},
        Example{"T09", "[{{=pydata.a.b}}]", R"({"a":{"b":null}})", "[null]"},
        Example{"T10", "{{=pydata.t}} / {{!pydata.t}}", R"({"t":"<b>&'\"/"})",
                "<b>&'\"/ / &#60;b&#62;&#38;&#39;&#34;&#47;"},
        Example{"T11", "path {{=pydata.p}}", R"({"p":"C:\\new\\tmp"})", "path C:\\new\\tmp"},
        Example{"T12", "path {{=pydata.p}}", R"({"p":"C:\\"})", "path C:\\"},
        Example{"T13", "{{=pydata.u}} žluť", R"({"u":"kůň"})", "kůň žluť"},
        Example{"T14", "it's a \\d+ regex \\ and \"quote\"", "{}",
                "it's a \\d+ regex \\ and \"quote\""},
        Example{"T15", "{{? ['4.0','4.1'].indexOf(pydata.v) >= 0\n}}eol{{?}}", R"({"v":"4.1"})",
                "eol"},
        Example{"T16", "{{? pydata.a &&\n pydata.b}}both{{?}}", R"({"a":1,"b":1})", "both"},
        Example{"T17", "  lead and trail  ", "{}", "  lead and trail  "},
        Example{"T18", "a /* gone */ b", "{}", "a /* gone */ b"},
        Example{"T19", "glob /etc/*.d and */5 cron", "{}", "glob /etc/*.d and */5 cron"},
        Example{"T20", "{{=pydata.n}} {{=pydata.f}} {{=pydata.b}} {{=pydata.l}} {{=pydata.o}}",
                R"({"n":1.0,"f":0.1,"b":true,"l":[1,[2,3]],"o":{"a":1}})",
                "1 0.1 true 1,2,3 [object Object]"},
        Example{"T22a", "{{?pydata.l}}yes{{??}}no{{?}}", R"({"l":[]})", "yes"},
        Example{"T22b", "{{?pydata.l}}yes{{??}}no{{?}}", R"({"l":"0"})", "yes"},
        Example{"T22c", "{{?pydata.l}}yes{{??}}no{{?}}", R"({"l":0})", "no"},
        Example{"T23", "price }} {{=pydata.a}} {{ not closed", R"({"a":1})",
                "price }} 1 {{ not closed"},
        Example{"T24", "{{=pydata.a + 1}} {{=pydata.s.toUpperCase()}} {{=pydata.l.join(', ')}}",
                R"({"a":1,"s":"ab","l":["x","y"]})", "2 AB x, y"},
        Example{"T25", "{{##def.x:hello#}}{{#def.x}}", "{}", "hello"},
        Example{"T26", "{{~pydata.l:x}}{{?x.ok}}{{=x.n}}{{?}}{{~}}",
                R"({"l":[{"ok":true,"n":"A"},{"ok":false,"n":"B"},{"ok":true,"n":"C"}]})", "AC"},
        Example{"T27", "{{~Object.keys(pydata.m):k}}{{=k}},{{~}}",
                R"({"m":{"b":1,"a":2,"2":3,"1":4}})", "1,2,b,a,"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TemplateTest, DataIsEscapedAsUpstreamDoes) {
  // T21, whose output is that of the front ends' preparation of data.
  EXPECT_EQ(Markdown(R"({{=pydata['x']}}{{=pydata["y"]}})", R"({"x":"_a_*b*","y":"c~d"})"),
            R"(\_a\_\*b\*c\~d)");
}

INSTANTIATE_TEST_SUITE_P(
    Language, TemplateExampleTest,
    testing::Values(
        Example{"Includes", "{{=pydata.s.includes('b')}}{{=pydata.l.includes(2)}}",
                R"({"s":"abc","l":[1,2]})", "truetrue"},
        Example{"MapAndFilter",
                "{{=pydata.l.filter(x => x.n > 1).map((x, i) => i + ':' + x.n).join(' ')}}",
                R"({"l":[{"n":1},{"n":2},{"n":3}]})", "0:2 1:3"},
        Example{"FunctionByName", "{{=pydata.l.filter(Boolean).map(String).join('-')}}",
                R"({"l":[0,1,"",2]})", "1-2"},
        Example{"SomeEveryFind",
                "{{=pydata.l.some(x => x > 1)}} {{=pydata.l.every(x => x > 1)}} "
                "{{=pydata.l.find(x => x > 1)}} {{=pydata.l.findIndex(x => x > 1)}}",
                R"({"l":[1,2]})", "true false 2 1"},
        Example{"Sort", "{{=pydata.l.sort()}} {{=pydata.l.sort((a, b) => b - a)}} {{=pydata.l}}",
                R"({"l":[10,9,1]})", "1,10,9 10,9,1 10,9,1"},
        Example{"ForOf", "{{ for (const x of pydata.l) { }}{{=x}};{{ } }}", R"({"l":["b","a"]})",
                "b;a;"},
        Example{"CountedFor", "{{ for (var i = 0; i < 3; i++) { }}{{=i}}{{ } }}", "{}", "012"},
        Example{"IfAndElse",
                "{{ var n = pydata.l.length; }}{{ if (n > 2) { }}many{{ } else if (n > 1) { "
                "}}two{{ } else { }}few{{ } }}",
                R"({"l":[1,2]})", "two"},
        Example{"VariableOutlivesTheLoop",
                "{{ var n = 0; }}{{~pydata.l :x}}{{ n += x; }}{{~}}{{=n}}", R"({"l":[1,2,3]})",
                "6"},
        Example{"OptionalChain", "{{=pydata.a?.b.c ?? \"none\"}}", "{}", "none"},
        Example{"Ternary", "{{=pydata.n == 1 ? 'node' : 'nodes'}}", R"({"n":1})", "node"},
        Example{"TernaryInALoop", "{{~ pydata.a ? pydata.a : [] :x:i }}{{=x}}{{~}}", R"({"a":[7]})",
                "7"},
        Example{"LooseAndStrict",
                "{{=1 == '1'}} {{=1 === '1'}} {{=null == undefined}} {{=0 == ''}} {{='a' < 'b'}}",
                "{}", "true false true true true"},
        Example{"Numbers",
                "{{=1e21}} {{=1e-7}} {{=0.000001}} {{=123456789012345680000}} {{=1/0}} {{=0/0}} "
                "{{=-0}} {{=5 % 3}}",
                "{}", "1e+21 1e-7 0.000001 123456789012345680000 Infinity NaN 0 2"},
        Example{"LargeIntegerIsADouble", "{{=pydata.n}}", R"({"n":9007199254740993})",
                "9007199254740992"},
        Example{"TextsToNumbers", "{{=+'0x10'}} {{=+' 12 '}} {{=+''}} {{=+'1a'}} {{='3' * '4'}}",
                "{}", "16 12 0 NaN 12"},
        Example{"ToFixed", "{{=(2.5).toFixed(0)}} {{=(1.005).toFixed(2)}} {{=(-1.5).toFixed(0)}}",
                "{}", "3 1.00 -2"},
        Example{"Utf16", "{{='a😀b'.length}} {{='a😀b'.indexOf('b')}} {{='a😀b'.slice(3)}}", "{}",
                "4 3 b"},
        Example{"Slices",
                "{{='abcdef'.slice(-2)}} {{='abcdef'.substring(4, 1)}} "
                "{{='abcdef'.substr(1, 2)}} {{='abc'.charAt(1)}} {{='abc'[2]}}",
                "{}", "ef bcd bc b c"},
        Example{"Replace", "{{='a-b-c'.replace('-', '+')}} {{='a-b-c'.replaceAll('-', '+')}}", "{}",
                "a+b-c a+b+c"},
        Example{"Split", "{{='a,b,c'.split(',').reverse().join('')}}", "{}", "cba"},
        Example{"Json", "{{=JSON.stringify(pydata.o)}}", R"({"o":{"b":1.0,"a":["x",null]}})",
                R"({"b":1,"a":["x",null]})"},
        Example{"MathAndParse",
                "{{=Math.floor(1.7)}} {{=Math.round(-0.5)}} {{=Math.max(1, 3, 2)}} "
                "{{=parseInt('12px')}} {{=parseFloat('1.5e1x')}}",
                "{}", "1 0 3 12 15"},
        Example{"NullInAListIsEmpty", "{{=pydata.l}}", R"({"l":[1,null,"a"]})", "1,,a"},
        Example{"InAndTypeof", "{{='a' in pydata}} {{=typeof pydata.a}} {{=typeof pydata.b}}",
                R"({"a":1})", "true number undefined"},
        Example{"EscapesInTexts", R"({{='it\'s \u00e9 \x41'}})", "{}", "it's é A"},
        Example{"LiteralBraces", "{{='{{'}}x{{='}'+'}'}}", "{}", "{{x}}"},
        Example{"JsonIsNoTag", R"(-p '{"spec":{"paused":false}}')", "{}",
                R"(-p '{"spec":{"paused":false}}')"},
        Example{"HtmlOfNothing", "[{{!pydata.a}}]", "{}", "[]"},
        Example{"HtmlKeepsEntities", "{{!pydata.a}}", R"({"a":"&lt; & &x"})", "&lt; &#38; &#38;x"},
        Example{"DefinitionInDefinition", "{{##def.a:[{{#def.b}}]#}}{{##def.b:x#}}{{#def.a}}", "{}",
                "[x]"},
        Example{"CharactersOfAText", "{{~pydata.s :c}}{{=c}}.{{~}}", R"({"s":"aé"})", "a.é."},
        Example{"NoPrototype", "{{=pydata.constructor}} {{=pydata.__proto__}}", "{}",
                "undefined undefined"}),
    [](const auto& test) { return std::string(test.param.name); });

struct Broken {
  const char* name;
  const char* text;
  const char* message;
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

class BrokenTemplateTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenTemplateTest, IsAnErrorBeforeItIsRendered) {
  const auto parsed = Template::Parse("t", GetParam().text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().ToText(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenTemplateTest,
    testing::Values(
        Broken{"UnknownName", "x\n{{=pydat.a}}",
               "t, line 2: {{=pydat.a}}: \"pydat\" is not defined; did you mean \"pydata\"?"},
        Broken{"OpenCondition", "{{?pydata}}x",
               "t, line 1: {{?pydata}}: the condition is not closed"},
        Broken{"OpenLoop", "{{~pydata.l :x}}x{{?}}",
               "t, line 1: {{~pydata.l :x}}: the loop is not closed before {{?}}"},
        Broken{"EndWithoutBegin", "x{{?}}", "t, line 1: {{?}}: ends a block that was not begun"},
        Broken{"CutExpression", "{{=pydata.}}",
               "t, line 1: {{=pydata.}}: expected a name before the end of the tag"},
        Broken{"UnknownMethod", "{{=pydata.l.codePoints(1)}}",
               "t, line 1: {{=pydata.l.codePoints(1)}}: there is no method \"codePoints\""},
        Broken{"MisspeltMethod", "{{=pydata.l.jion(1)}}",
               "t, line 1: {{=pydata.l.jion(1)}}: there is no method \"jion\"; did you mean "
               "\"join\"?"},
        Broken{"UnknownFunction", "{{=alert(1)}}",
               "t, line 1: {{=alert(1)}}: there is no function \"alert\""},
        Broken{"While", "{{ while (true) { }}x{{ } }}",
               "t, line 1: {{ while (true) { }}: `while` is not part of the language; statements "
               "are for, if and var"},
        Broken{"GoTemplate", "{{range .items}}",
               "t, line 1: {{range .items}}: unknown statement \"range\"; statements are for, if, "
               "var and assignments, and a value is shown by {{=…}}"},
        Broken{"ChangesDetails", "{{ pydata = 1; }}",
               "t, line 1: {{ pydata = 1; }}: the details cannot be changed"},
        Broken{"Constructor", "{{=\"\".constructor(\"x\")}}",
               "t, line 1: {{=\"\".constructor(\"x\")}}: there is no method \"constructor\""},
        Broken{"This", "{{=this.a}}", "t, line 1: {{=this.a}}: `this` is not part of the language"},
        Broken{"FunctionAsValue", "{{ var f = x => f(x); }}",
               "t, line 1: {{ var f = x => f(x); }}: a function may only be an argument of map, "
               "filter, some, every, find or sort"},
        Broken{"NoDefinition", "{{#def.a}}",
               "t, line 1: {{#def.a}}: there is no such definition; one is written "
               "{{##def.name:text#}}"},
        Broken{"DefinitionOfItself", "{{##def.a:{{#def.a}}#}}{{#def.a}}",
               "t, line 1: a definition uses itself"},
        Broken{"OpenText", "{{='a}}",
               "t, line 1: {{='a}}: the text that begins at 'a is not closed"},
        Broken{
            "BacktickText", "{{=`a`}}",
            "t, line 1: {{=`a`}}: texts in backticks are not part of the language; join texts by "
            "+"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TemplateTest, ALineInADefinitionIsThatOfTheSource) {
  const auto parsed = Template::Parse("t", "{{##def.a:x\n{{=oops}}#}}\n\n{{#def.a}}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().place.line, 2U);
}

TEST(TemplateTest, BracesThatAreNoTagsAreTold) {
  EXPECT_EQ(Template::Parse("t", "a {=pydata.x}} b")->StrayBraces().size(), 1U);
  EXPECT_EQ(Template::Parse("t", "a {{=pydata.x} b")->StrayBraces().size(), 1U);
  EXPECT_TRUE(Template::Parse("t", R"('{"a":{"b":{}}}')")->StrayBraces().empty());
}

TEST(TemplateTest, TellsWhatShowsNothingToAReader) {
  const auto parsed = Template::Parse("t", "a\n{{=pydata.x}}{{='v' + pydata.n}} {{=pydata.o}}");
  const Result<json::Document> details = json::Parse(R"({"n":null,"o":{},"x":"undefined"})");
  std::vector<OddText> odd;
  ASSERT_TRUE(parsed->Render(details->root(), DataAs::kMarkdown, &odd));
  ASSERT_EQ(odd.size(), 2U);  // the text "undefined" is the cluster's own
  EXPECT_EQ(odd[0].text, "null");
  EXPECT_EQ(odd[0].place.line, 2U);
  EXPECT_EQ(odd[1].text, "[object Object]");
}

TEST(TemplateTest, OneErrorNamesTheInnermostTag) {
  EXPECT_EQ(Plain("{{~pydata.l :x}}\n{{?x.a.b}}y{{?}}{{~}}", R"({"l":[{}]})"),
            "error: rule reason, line 2: {{?x.a.b}}: cannot read \"b\" of undefined");
}

std::string ListOf(std::size_t size) {
  std::string list = R"({"l":[0)";
  for (std::size_t i = 1; i < size; ++i) list += ",1";
  return list + "]}";
}

class CostlyTemplateTest : public testing::TestWithParam<Broken> {};

TEST_P(CostlyTemplateTest, EndsAtABound) {
  static const std::string details = ListOf(100'000);
  const auto begin = std::chrono::steady_clock::now();
  const std::string rendered = Plain(GetParam().text, details);
  EXPECT_NE(rendered.find(GetParam().message), rendered.npos) << rendered.substr(0, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

INSTANTIATE_TEST_SUITE_P(
    All, CostlyTemplateTest,
    testing::Values(
        Broken{"LoopsInLoops", "{{~pydata.l:a}}{{~pydata.l:b}}{{~pydata.l:c}}x{{~}}{{~}}{{~}}",
               "steps"},
        Broken{"SilentLoops", "{{~pydata.l:a}}{{~pydata.l:b}}{{~pydata.l:c}}{{~}}{{~}}{{~}}",
               "steps"},
        Broken{"EndlessFor", "{{ for (;;) { }}{{ } }}", "steps"},
        Broken{"GrowingText", "{{ var s = 'x'; }}{{~pydata.l:a}}{{ s = s + s; }}{{~}}{{=s}}",
               "bytes"},
        Broken{"GrowingList",
               "{{ var l = [1]; }}{{ for (var i = 0; i < 90; i++) { }}{{ l = [l, l, l]; }}{{ } "
               "}}{{=l}}",
               "steps"},
        Broken{"GrowingJson",
               "{{ var l = [1]; }}{{ for (var i = 0; i < 90; i++) { }}{{ l = [l, l, l]; }}{{ } "
               "}}{{=JSON.stringify(l)}}",
               "bytes"},
        Broken{"Indexing", "{{ for (var i = 0; i < 100000; i++) { }}{{=pydata.l[i]}}{{ } }}",
               "steps"},
        Broken{"SortsInLoops", "{{~pydata.l:a}}{{=pydata.l.sort((a, b) => a - b).length}}{{~}}",
               "steps"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TemplateTest, DeepNestingIsRefused) {
  const std::string open(5000, '(');
  const std::string close(5000, ')');
  EXPECT_FALSE(Template::Parse("t", "{{=" + open + "1" + close + "}}"));
  std::string blocks;
  for (int i = 0; i < 5000; ++i) blocks += "{{?1}}";
  EXPECT_FALSE(Template::Parse("t", blocks));
  std::string chain = "{{=1";
  for (int i = 0; i < 3000; ++i) chain += "+1";
  EXPECT_FALSE(Template::Parse("t", chain + "}}"));
  EXPECT_FALSE(Template::Parse("t", "{{=" + std::string(9000, '!') + "1}}"));
}

TEST(TemplateTest, ALongTemplateIsRefused) {
  const auto parsed = Template::Parse("t", std::string(kTemplateBytesMax + 1, 'x'));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "of 65537 bytes is over 65536; cut it into texts of their own");
}

TEST(TemplateTest, AListOfManyElementsIsRendered) {
  const std::string details = ListOf(20'000);
  EXPECT_EQ(Plain("{{~pydata.l :x}}{{=x}}{{~}}", details).size(), 20'000U);
}

// The page's tests show these texts and look at what becomes of them.
TEST(TemplateTest, HostileTextsAreRenderedAsThePageExpectsThem) {
  std::ifstream file(INSIGHTD_SOURCE_DIR "/src/content/testing/hostile_texts.json");
  std::stringstream text;
  text << file.rdbuf();
  const Result<json::Document> document = json::Parse(text.str());
  ASSERT_TRUE(document);
  auto row = document->root()["rendered"].elements().begin();
  for (const json::Value source : document->root()["templates"].elements()) {
    auto expected = (*row).elements().begin();
    for (const json::Value value : document->root()["values"].elements()) {
      std::string details;
      json::JsonWriter w(details);
      w.BeginObject().Key("x").Json(value).Key("l").BeginArray().Json(value).EndArray().EndObject();
      EXPECT_EQ(Markdown(std::string(source.AsString()), details), (*expected).AsString());
      ++expected;
    }
    ++row;
  }
}

}  // namespace
}  // namespace insightd::content
