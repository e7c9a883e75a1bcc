using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OtpActors.Cql;

namespace OtpActors.Tests.Cql;

/// <summary>
/// What the driver's instruments were told since this was made. They belong to the process: tests that run at the same
/// time are heard, too.
/// </summary>
internal sealed class Measured : IDisposable
{
    private readonly MeterListener _listener;
    private readonly ConcurrentDictionary<string, double> _sums = new();

    public Measured()
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == CqlMetrics.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Take(instrument, value));
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Take(instrument, value));
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Take(instrument, value));
        _listener.Start();
    }

    /// <summary>Names of what was told of.</summary>
    public IEnumerable<string> Names => _sums.Keys;

    public double Sum(string name) => _sums.GetValueOrDefault(name);

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value) => _sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
}
