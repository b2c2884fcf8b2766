"""Plots of drug signals: waiting times, forest, volcano, and the funnel by calendar time.

Plain data in, drawings of our own out. A figure that is hidden or could not be computed is None (NaN is taken as None):
the table says so, and the drawing leaves it out or shows a dashed box.
"""

from soleus.reports.drawing.plot import STYLE, Plot
from soleus.reports.population_plots.forest import forest_plot
from soleus.reports.population_plots.funnel import Period, funnel_plot
from soleus.reports.population_plots.signals import Signal
from soleus.reports.population_plots.volcano import volcano_plot
from soleus.reports.population_plots.waiting_times import Bin, waiting_time_plot

__all__ = [
    "STYLE",
    "Bin",
    "Period",
    "Plot",
    "Signal",
    "forest_plot",
    "funnel_plot",
    "volcano_plot",
    "waiting_time_plot",
]
