/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C interface as a user sees it: an error is reported, nothing crashes.
 */
#include <stdio.h>
#include <wick/wick.h>

int main(void) {
  wick_model *model = NULL;
  wick_error error = WICK_ERROR_INIT;
  wick_status status = wick_model_open_path("/nonexistent.wick", &model, &error);
  printf("%s: %s (wick %s)\n", wick_status_name(status), error.message, wick_version());
  wick_model_release(model);
  return status == WICK_STATUS_IO_ERROR ? 0 : 1;
}
