// Soleus works without this file. It makes the same pages smoother: nothing here computes or decides.
"use strict";
