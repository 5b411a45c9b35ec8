// ReportPage: a report as one HTML file that needs nothing else: no network, no script.
#pragma once

#include <string>

#include "train/report/Report.h"

namespace earshot {

std::string render_html(const Report& report);

}  // namespace earshot
