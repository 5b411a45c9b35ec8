// CSV: the lists of data sets, and class maps.
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "tests/fuzz/FuzzTarget.h"
#include "train/data/LabelList.h"
#include "train/data/ListLayouts.h"

using namespace earshot;

namespace {

// A directory whose every list is the same file in memory.
class Lists {
 public:
  Lists() {
    std::string name = (std::filesystem::temp_directory_path() / "earshot-fuzz-XXXXXX").string();
    fuzz::expect(::mkdtemp(name.data()), "a directory can be made");
    directory_ = name;
    for (const char* link : {"meta.csv", "Train.csv", "Test_Public.csv", "labels.csv", "labels"}) {
      std::filesystem::create_symlink(file_.path(), directory_ / link);
    }
  }
  ~Lists() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  void write(std::string_view bytes) const { file_.write(bytes); }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  fuzz::MemoryFile file_;
  std::filesystem::path directory_;
};

template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::bad_data || error.code() == ExitCode::usage,
                 "a wrong list is bad data");
    fuzz::expect(std::string_view(error.what()).find('\n') == std::string_view::npos, "an error is one line");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Lists lists;
  lists.write(fuzz::text_of(data, size));
  attempt([] {
    const Csv csv = read_csv(lists.directory() / "meta.csv");
    for (const Csv::Row& row : csv.rows) {
      fuzz::expect(row.fields.size() == csv.columns.size(), "a row has a field for each column");
    }
  });
  attempt([] { read_esc_layout(lists.directory(), "meta.csv"); });
  attempt([] { read_source_layout(lists.directory()); });
  attempt([] { read_labels("@" + (lists.directory() / "labels").string()); });
  attempt([] { read_labels("@" + (lists.directory() / "labels.csv").string()); });
  return 0;
}
