#include "daemon/actions/HttpPoster.h"

#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/capture/CommandWords.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMostAnswerKept = 1024;  // bytes of a refusal's text ...
constexpr std::size_t kMostAnswerShown = 200;
constexpr long kMostIdleConnections = 4;
constexpr curl_off_t kMostRetryAfterS = 86'400;  // whatever it asks

std::string curl_text(CURLcode code, const char* detail) {
  return shown_line(*detail ? detail : ::curl_easy_strerror(code), kMostAnswerShown);
}

// What lies in the request, or in who answers, is the same the next time.
bool is_lasting(CURLcode code) {
  constexpr CURLcode kLasting[]{CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
                                CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE};
  return std::ranges::find(kLasting, code) != std::end(kLasting);
}

bool is_passing(long status) {
  return status == 408 || status == 429 || status >= 500;
}

struct EasyEnd {
  void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
struct ListEnd {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};
struct MultiEnd {
  void operator()(CURLM* multi) const noexcept { ::curl_multi_cleanup(multi); }
};

struct Transfer {
  HttpPoster::Done done;
  std::string url;
  std::unique_ptr<curl_slist, ListEnd> headers;
  std::unique_ptr<CURL, EasyEnd> easy;
  std::string answer;  // its beginning
  char detail[CURL_ERROR_SIZE] = "";

  void add_header(const std::string& line) {
    headers.reset(::curl_slist_append(headers.release(), line.c_str()));
  }
};

std::size_t take_answer(char* bytes, std::size_t, std::size_t count, void* transfer) {
  std::string& answer = static_cast<Transfer*>(transfer)->answer;
  answer.append(bytes, std::min(count, kMostAnswerKept - answer.size()));
  return count;
}

// A connection may last as long as its time-out allows; nothing else is the environment's but a proxy.
void set_up(Transfer& transfer, const HttpPost& post) {
  CURL* const easy = transfer.easy.get();
  const auto set = [easy](CURLoption option, auto value) {
    if (const CURLcode code = ::curl_easy_setopt(easy, option, value); code != CURLE_OK)
      throw Error(ExitCode::unavailable, std::string("libcurl: ") + ::curl_easy_strerror(code));
  };
  transfer.add_header("Content-Type: application/json");
  transfer.add_header("Expect:");  // no asking whether a few hundred bytes may follow
  if (!post.token.empty()) transfer.add_header("Authorization: Bearer " + post.token);
  set(CURLOPT_ERRORBUFFER, transfer.detail);
  set(CURLOPT_URL, post.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_POSTFIELDSIZE, static_cast<long>(post.body.size()));
  set(CURLOPT_COPYPOSTFIELDS, post.body.c_str());
  set(CURLOPT_HTTPHEADER, transfer.headers.get());
  set(CURLOPT_USERAGENT, "Earshot/" EARSHOT_VERSION);
  set(CURLOPT_WRITEFUNCTION, &take_answer);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(post.timeout.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name server that does not answer is not waited for
  set(CURLOPT_PRIVATE, &transfer);
}

// What stands behind a URL's host may be a secret, and a refusal may repeat it.
std::string without_path(std::string text, std::string_view url) {
  constexpr std::size_t kLeastSecret = 4;
  url.remove_prefix(std::min(url.size(), url.find('/', url.find("://") + 3)));
  while (!url.empty()) {
    const std::string_view part = url.substr(0, url.find_first_of("/?&=#"));
    for (std::size_t at = 0; part.size() >= kLeastSecret && (at = text.find(part, at)) != std::string::npos;
         ++at)
      text.replace(at, part.size(), "*");
    url.remove_prefix(std::min(url.size(), part.size() + 1));
  }
  return text;
}

HttpResult result_of(const Transfer& transfer, CURLcode code) {
  HttpResult result;
  if (code != CURLE_OK) {
    result.failure = curl_text(code, transfer.detail);
    result.may_pass = !is_lasting(code);
    return result;
  }
  long status = 0;
  ::curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return result;
  result.failure = "answered " + std::to_string(status);
  if (status >= 300 && status < 400) result.failure += ", a redirect, which is not followed";
  if (const std::string answer = shown_line(without_path(transfer.answer, transfer.url), kMostAnswerShown);
      status >= 400 && !answer.empty())
    result.failure += ": " + answer;
  result.may_pass = is_passing(status);
  curl_off_t wait_s = 0;
  ::curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &wait_s);
  if (wait_s > 0) result.retry_after = std::chrono::seconds(std::min(wait_s, kMostRetryAfterS));
  return result;
}

}  // namespace

struct HttpPoster::Impl {
  std::unique_ptr<CURLM, MultiEnd> multi;
  std::map<Transfer*, std::unique_ptr<Transfer>> transfers;
};

HttpPoster::HttpPoster() : impl_(std::make_unique<Impl>()) {
  static const CURLcode kReady = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady == CURLE_OK) impl_->multi.reset(::curl_multi_init());
  if (!impl_->multi) throw Error(ExitCode::unavailable, "libcurl cannot be used");
  ::curl_multi_setopt(impl_->multi.get(), CURLMOPT_MAXCONNECTS, kMostIdleConnections);
}

HttpPoster::~HttpPoster() {
  for (const auto& [transfer, owned] : impl_->transfers)
    ::curl_multi_remove_handle(impl_->multi.get(), transfer->easy.get());
}

void HttpPoster::post(const HttpPost& post, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->done = std::move(done);
  transfer->url = post.url;
  transfer->easy.reset(::curl_easy_init());
  if (!transfer->easy) throw Error(ExitCode::unavailable, "libcurl has no memory");
  set_up(*transfer, post);
  ::curl_multi_add_handle(impl_->multi.get(), transfer->easy.get());
  Transfer* const key = transfer.get();
  impl_->transfers.emplace(key, std::move(transfer));
}

void HttpPoster::go_on(std::chrono::milliseconds limit) {
  CURLM* const multi = impl_->multi.get();
  int running = 0;
  ::curl_multi_perform(multi, &running);
  bool any = false;
  for (int left = 0; const CURLMsg* message = ::curl_multi_info_read(multi, &left);) {
    if (message->msg != CURLMSG_DONE) continue;
    any = true;
    Transfer* transfer = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    const HttpResult result = result_of(*transfer, message->data.result);
    ::curl_multi_remove_handle(multi, transfer->easy.get());
    const auto owned = impl_->transfers.extract(transfer);
    transfer->done(result);
  }
  if (!any) ::curl_multi_poll(multi, nullptr, 0, static_cast<int>(limit.count()), nullptr);
}

void HttpPoster::wake() noexcept {
  ::curl_multi_wakeup(impl_->multi.get());
}

std::size_t HttpPoster::under_way() const noexcept {
  return impl_->transfers.size();
}

std::optional<std::string> url_origin(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(::curl_url(), ::curl_url_cleanup);
  if (!parsed || ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  for (const CURLUPart part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    ::curl_url_set(parsed.get(), part, nullptr, 0);
  ::curl_url_set(parsed.get(), CURLUPART_PATH, "/", 0);
  char* text = nullptr;
  if (::curl_url_get(parsed.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string origin = text;
  ::curl_free(text);
  if (origin.ends_with('/')) origin.pop_back();
  return origin;
}

}  // namespace earshot
