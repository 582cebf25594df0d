/* SPDX-License-Identifier: MIT */
#include "error.h"

bool mg_fail(mg_error_t *error, mg_status_t status, const char *message) {
    *error = (mg_error_t){status, -1, message, NULL, 0, 0};
    return false;
}

bool mg_fail_with(mg_error_t *error, mg_status_t status, const char *message, uint32_t found, uint32_t wanted) {
    *error = (mg_error_t){status, -1, message, NULL, found, wanted};
    return false;
}

/* Appends to a text of limited size, always leaving room for the NUL. */
static size_t put_text(char *text, size_t at, size_t size, const char *s) {
    while (*s != 0 && at + 1 < size) {
        text[at++] = *s++;
    }
    return at;
}

static size_t put_number(char *text, size_t at, size_t size, uint32_t v) {
    char digits[11];
    size_t i = sizeof digits - 1;
    digits[i] = 0;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return put_text(text, at, size, digits + i);
}

void mg_error_text(const mg_error_t *error, char *text, size_t size) {
    size_t at = 0;
    if (size == 0) {
        return;
    }
    if (error->node >= 0) {
        at = put_text(text, at, size, "node ");
        at = put_number(text, at, size, (uint32_t)error->node);
        at = put_text(text, at, size, ": ");
    }
    at = put_text(text, at, size, error->message == NULL ? "no error" : error->message);
    if (error->subject != NULL) {
        at = put_text(text, at, size, " ");
        at = put_number(text, at, size, error->found);
        at = put_text(text, at, size, " ");
        at = put_text(text, at, size, error->subject);
    }
    if (error->found != error->wanted) {
        at = put_text(text, at, size, ": found ");
        at = put_number(text, at, size, error->found);
        at = put_text(text, at, size, ", wanted ");
        at = put_number(text, at, size, error->wanted);
    }
    text[at] = 0;
}
