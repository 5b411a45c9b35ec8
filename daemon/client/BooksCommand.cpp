#include "daemon/client/BooksCommand.h"

#include <chrono>
#include <vector>

#include "daemon/books/ReadBooks.h"
#include "daemon/client/BooksPage.h"
#include "daemon/client/Since.h"
#include "dsp/base/Error.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

void keep_only(const std::string& name, Books& books) {
  std::string known;
  for (const SourceBooks& source : books.sources)
    known += (known.empty() ? "" : ", ") + printable(source.name);
  std::erase_if(books.sources, [&](const SourceBooks& source) { return source.name != name; });
  if (!books.sources.empty()) return;
  throw Error(ExitCode::usage,
              "--source: found '" + printable(name) + "', expected " +
                  (known.empty() ? "a source, of which there is none in that time" : "one of " + known));
}

}  // namespace

void show_books(const BooksSettings& settings, std::ostream& out) {
  const UtcTime now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const Since since = parse_since(settings.since, now);
  const std::filesystem::path directory = settings.directory ? *settings.directory : find_books();
  Books books = read_books(directory, since.moment);
  if (settings.source) keep_only(*settings.source, books);
  out << (settings.json ? books_json(books, directory.string())
                        : books_page(books, since, directory.string()));
  flush_output(out);
}

}  // namespace earshot
