# Scores of R's surveillance package: reads weeks x series, writes one file of scores for each method.
# Rscript surveillance.R COUNTS.csv FIRST FOLDER METHOD ...   (FIRST: the first week that is judged)
suppressMessages(library(surveillance))
arguments <- commandArgs(trailingOnly = TRUE)
counts <- as.matrix(read.csv(arguments[1], header = FALSE))
range <- as.integer(arguments[2]):nrow(counts)
z <- qnorm(0.999)

weekly <- function(y) sts(observed = matrix(y, ncol = 1), start = c(2000, 1), frequency = 52)

# Noufaily et al. 2013 with the mean's uncertainty of Salmon et al. 2016 ("muan"): -log p, none below 5 cases.
farrington <- function(y) {
  years <- min(5, (range[1] - 4) %/% 52)
  control <- list(range = range, noPeriods = 10, b = years, w = 3, weightsThreshold = 2.58, glmWarnings = FALSE,
                  pastWeeksNotIncluded = 26, pThresholdTrend = 1, thresholdMethod = "muan", alpha = 0.01)
  found <- suppressWarnings(farringtonFlexible(weekly(y), control))
  score <- -log(pmax(found@control$pvalue[, 1], 1e-300))
  ifelse(is.na(found@upperbound[, 1]), 0, score)
}

# The bound is mean + z sd: two bounds give both, and what was observed its number of sd.
ears <- function(method) function(y) {
  bound <- function(alpha) {
    earsC(weekly(y), list(range = range, method = method, alpha = alpha, minSigma = 0.5))@upperbound[, 1]
  }
  middle <- bound(0.5)
  (y[range] - middle) / pmax((bound(0.001) - middle) / z, 0.05)
}

# C3's bound moves with what was observed and is cut at zero: its statistic is reckoned as Hutwagner 2003 has it.
ears3 <- function(y) {
  c2 <- function(at) {
    at <- list(range = at, method = "C2", minSigma = 0.5)
    middle <- earsC(weekly(y), c(at, alpha = 0.5))@upperbound[, 1]
    upper <- earsC(weekly(y), c(at, alpha = 0.001))@upperbound[, 1]
    (y[at$range] - middle) / ((upper - middle) / z)
  }
  long <- c2((range[1] - 2):max(range))
  n <- length(range)
  long[3:(n + 2)] + pmax(0, long[2:(n + 1)] - 1) + pmax(0, long[1:n] - 1)
}

glrnb_ <- function(y) {
  control <- list(range = range, c.ARL = 1e9, mu0 = list(S = 2, trend = TRUE), change = "intercept",
                  M = 4, ret = "value")
  found <- tryCatch(suppressWarnings(glrnb(weekly(y), control)), error = function(e) NULL)
  if (is.null(found)) rep(0, length(range)) else found@upperbound[, 1]
}

cusum_ <- function(y) {
  data <- sts2disProg(weekly(y))
  algo.cusum(data, list(range = range, k = 1.04, h = 1e9, m = "glm", trans = "rossi"))$cusum
}

methods <- list("farrington" = farrington, "ears-c1" = ears("C1"), "ears-c2" = ears("C2"),
                "ears-c3" = ears3, "glr-nb" = glrnb_, "cusum" = cusum_)
for (name in arguments[-(1:3)]) {
  began <- proc.time()[["user.self"]]
  scores <- apply(counts, 2, methods[[name]])
  write.table(scores, file.path(arguments[3], paste0(name, ".csv")), sep = ",",
              row.names = FALSE, col.names = FALSE)
  cat(name, proc.time()[["user.self"]] - began, "\n")
}
