# Where the model of what is normal no longer fits.
console-data-misfit = The model does not fit
console-data-misfit-more = { $category }: more than the model expects, day after day, since about { $since }
console-data-misfit-fewer = { $category }: fewer than the model expects, day after day, since about { $since }
console-data-misfit-more-city = Whole city: more than the model expects, day after day, since about { $since }
console-data-misfit-fewer-city = Whole city: fewer than the model expects, day after day, since about { $since }
console-data-misfit-note = This is about the data, not an alarm. Was a category renamed, split, or counted otherwise? Until the model has learnt it, its expected numbers there are not to be relied on.
