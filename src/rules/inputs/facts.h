// What one archive says, as rules ask for it: each file is parsed when it is first asked for, once.
//
// Values point into the facts (documents), the arena and the tree's bytes, so they are valid until
// the next Begin or End. The bytes of a member are given back to the tree as soon as its document
// is parsed. One thread at a time; memory is used again from archive to archive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_tree.h"
#include "base/json.h"
#include "cel/arena.h"
#include "cel/value.h"
#include "rules/pack.h"

namespace insightd::rules {

// A file that is there and says nothing: the rest of the archive is judged without it.
struct FileNote {
  std::string path;
  std::string reason;
};

// What the facts of one archive may take. A hostile one is mostly numbers of one digit, which are
// eight times as large once parsed; real ones take about as much as their files.
struct FactsLimits {
  std::uint64_t document_bytes_max = std::uint64_t{16} << 20;    // a file that is parsed as JSON
  std::uint64_t documents_bytes_max = std::uint64_t{160} << 20;  // all of them, parsed
};

// Notes that a report holds at most.
inline constexpr std::size_t kFileNotesMax = 1000;

class Facts {
 public:
  explicit Facts(const Pack& pack, const FactsLimits& limits = {}) : pack_(pack), limits_(limits) {}

  // `tree` and `arena` must outlive the facts' use up to End. Lines and samples that would take
  // more than the arena's limit are left out.
  void Begin(archive::FileTree& tree, cel::Arena& arena, json::Parser& parser);
  void End();

  // The value of an input: a document or null, or a list of documents.
  cel::Value ValueOf(std::uint32_t input);
  // Whether a rule that needs the input can be asked.
  bool IsPresent(std::uint32_t input);

  // ---- Where values come from ----

  // Of an input: its files, those too that do not parse. Members of the tree.
  const std::vector<std::uint32_t>& MembersOf(std::uint32_t input) const {
    return found_[input].members;
  }
  const archive::FileTree& tree() const { return *tree_; }
  // The JSON documents parsed so far, and the texts read so far, each with its member.
  struct ParsedFile {
    std::uint32_t member;
    const json::Document& document;
  };
  struct TextFile {
    std::uint32_t member;
    std::string_view text;
  };
  std::size_t parsed_count() const { return documents_.size(); }
  ParsedFile parsed(std::size_t index) const {
    return {document_members_[index], documents_[index]};
  }
  const std::vector<TextFile>& texts() const { return texts_; }
  // What a member was parsed to, if it was; null for one that is read as text.
  cel::Value DocumentOf(std::uint32_t member) const {
    const File& file = files_[member];
    return file.document[file.is_parsed[0] ? 0 : 1];
  }

  // In the order in which the files were asked for.
  const std::vector<FileNote>& notes() const { return notes_; }
  std::uint64_t notes_total() const { return notes_total_; }

 private:
  struct File {
    std::uint32_t uses_text = 0;  // inputs that read its bytes, not its document
    // As JSON and as YAML: packs that know nothing of each other may differ in that.
    bool is_used[2] = {};
    bool is_parsed[2] = {};
    cel::Value document[2];
  };
  struct Found {
    std::vector<std::uint32_t> members;
    std::uint32_t path_rank = 0;  // of a single input's file
    bool is_made = false;
    cel::Value value;
  };

  void FindMembers();
  cel::Value Make(const Input& input, Found& found);
  cel::Value MakeOne(const Input& input, std::uint32_t member);
  cel::Value Document(std::uint32_t member, ParseAs as);
  cel::Value ParseDocument(std::uint32_t index, ParseAs as);
  Result<json::Document> ParseJson(const archive::Member& member);
  // The member's bytes as UTF-8; a copy in the arena when they are none.
  std::string_view TextOf(std::uint32_t index);
  void Note(const archive::Member& member, std::string reason);

  const Pack& pack_;
  const FactsLimits limits_;
  archive::FileTree* tree_ = nullptr;
  cel::Arena* arena_ = nullptr;
  json::Parser* parser_ = nullptr;
  std::vector<File> files_;   // by member of the tree
  std::vector<Found> found_;  // by input of the pack
  std::vector<json::Document> documents_;
  std::vector<std::uint32_t> document_members_;
  std::vector<TextFile> texts_;
  std::uint64_t documents_bytes_ = 0;
  std::vector<FileNote> notes_;
  std::uint64_t notes_total_ = 0;
};

}  // namespace insightd::rules
