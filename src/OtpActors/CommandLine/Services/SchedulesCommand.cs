using System.CommandLine;
using OtpActors.Client;
using OtpActors.CommandLine.Screens;

namespace OtpActors.CommandLine.Services;

/// <summary><c>schedules</c>: what is run again and again.</summary>
internal static class SchedulesCommand
{
    public static Command Create()
    {
        var command = List("schedules", "Lists, makes, changes and removes schedules.").WithExamples("schedules", "schedules show daily");
        command.Add(List("list", "Lists schedules, by name.").WithExamples("schedules list", "schedules list --json"));
        command.Add(From(
            "show", "Shows a schedule: what each run is, the coming due times, the last run.",
            (service, name, cancel) => service.GetScheduleAsync(name, cancel), ScheduleText.Write));
        command.Add(Set());
        command.Add(From(
            "pause", "Lets due times pass without a run, until it is resumed.", (service, name, cancel) => service.PauseScheduleAsync(name, cancel),
            ScheduleText.WriteLine));
        command.Add(From(
            "resume", "Lets due times from now on count.", (service, name, cancel) => service.ResumeScheduleAsync(name, cancel), ScheduleText.WriteLine));
        command.Add(From(
            "trigger", "Starts its run now, beside its due times.", (service, name, cancel) => service.TriggerScheduleAsync(name, cancel), RunText.WriteLine));
        command.Add(Delete());
        return command;
    }

    private static Command List(string name, string description) => ServiceVerb.Create(name, description, [], async call =>
    {
        var list = await call.Client.ListSchedulesAsync(call.Cancel);
        return call.Show(list, screen =>
        {
            if (list.Items.Count == 0)
            {
                Terminal.Remark($"No schedules at {call.Client.Target}.");
                return;
            }

            ScheduleText.TableOf(list.Items).Write(screen);
        });
    });

    private static Command From<T>(
        string verb, string description, Func<ServiceClient, string, CancellationToken, Task<T>> ask, Action<Screen, T> write)
    {
        var name = Name();
        return ServiceVerb.Create(verb, description, [name], async call =>
        {
            var document = await ask(call.Client, call.Parsed.GetRequiredValue(name), call.Cancel);
            return call.Show(document, screen => write(screen, document));
        }).WithExamples($"schedules {verb} nightly", $"schedules {verb} nightly --json");
    }

    private static Command Set()
    {
        var (name, options) = (Name(), new ScheduleOptions());
        var isNew = new Option<bool>("--new") { Description = "Make it; refuse where one of this name exists." };
        return ServiceVerb.Create(
            "set", "Makes or replaces a schedule. What is left out has its default, but for whether it is paused, which stays.",
            [name, isNew, .. options.All],
            async call =>
            {
                var (parsed, schedule) = (call.Parsed, call.Parsed.GetRequiredValue(name));
                if (parsed.GetValue(isNew))
                {
                    var made = await call.Client.CreateScheduleAsync(await options.ToFormAsync(parsed, schedule, call.Cancel), call.Cancel);
                    return call.Show(made, screen => ScheduleText.WriteLine(screen, made));
                }

                var (kept, _) = await call.Client.PutScheduleAsync(schedule, await options.ToFormAsync(parsed, null, call.Cancel), call.Cancel);
                return call.Show(kept, screen => ScheduleText.WriteLine(screen, kept));
            }).WithExamples(
                "schedules set nightly --cron=@daily --count 500 --notify 10",
                "schedules set hourly --new --cron=@hourly --time-zone Europe/Berlin --overlap skip --topic news");
    }

    /// <summary>The API answers nothing: the name is what was done.</summary>
    private static Command Delete()
    {
        var name = Name();
        return ServiceVerb.Create("delete", "Removes a schedule. Its runs stay.", [name], async call =>
        {
            var schedule = call.Parsed.GetRequiredValue(name);
            await call.Client.DeleteScheduleAsync(schedule, call.Cancel);
            return call.Show(new { name = schedule }, screen => screen.WriteText(TextWidth.Clean($"schedule {schedule}: removed")));
        }).WithExamples("schedules delete nightly", "schedules delete nightly --server http://127.0.0.1:8080");
    }

    private static Argument<string> Name() => new("NAME") { Description = "The schedule's name." };
}
