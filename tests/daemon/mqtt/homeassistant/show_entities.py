"""Home Assistant's own core and MQTT integration beside a broker: prints, a line of JSON each, what becomes of what is
told there: entities once they are there, then states as they change, and warnings as they are logged, until a message to
the topic "end".

    show_entities.py BROKER_PORT OWN_PORT ENTITIES
"""

import asyncio
import json
import logging
import pathlib
import sys
import tempfile

from homeassistant import auth, bootstrap, config_entries, core, loader
from homeassistant.components import mqtt
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component


def say(**fields):
    print(json.dumps(fields, default=str) + "\n", end="", flush=True)  # at once: logging has threads


class Warnings(logging.Handler):
    """Whatever Home Assistant has to say against our messages."""

    def emit(self, record):
        if "mqtt" in record.name or "earshot" in record.getMessage():
            say(kind="warning", text=record.getMessage())


async def start(port, own_port, folder):
    (pathlib.Path(folder) / "configuration.yaml").touch()
    hass = core.HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [], [])
    http = {"server_host": "127.0.0.1", "server_port": own_port}
    for domain, config in (("homeassistant", {}), ("http", {"http": http})):
        if not await async_setup_component(hass, domain, config):
            say(kind="warning", text=f"{domain} does not start")
    entry = config_entries.ConfigEntry(
        version=1, minor_version=2, domain="mqtt", title="broker", source="user", unique_id=None, options={},
        data={"broker": "127.0.0.1", "port": port}, discovery_keys={}, subentries_data=None)
    await hass.config_entries.async_add(entry)
    await hass.async_start()
    say(kind="started", state=entry.state)
    return hass


def describe(hass, entity_id):
    entry = entity_registry.async_get(hass).async_get(entity_id)
    device = device_registry.async_get(hass).async_get(entry.device_id)
    state = hass.states.get(entity_id)
    return {"entity": entity_id, "unique_id": entry.unique_id, "name": state.name, "state": state.state,
            "device": device.name, "model": device.model, "device_class": entry.original_device_class,
            "icon": entry.original_icon, "category": entry.entity_category, "disabled": entry.disabled_by,
            "unit": state.attributes.get("unit_of_measurement"), "types": state.attributes.get("event_types")}


async def main(port, own_port, entities):
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger().addHandler(Warnings(level=logging.WARNING))
    logging.getLogger("homeassistant").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        hass = await start(port, own_port, folder)
        ours = lambda: sorted(each for each in entity_registry.async_get(hass).entities if "earshot" in each)
        for _ in range(600):
            if len(ours()) >= entities and all(hass.states.get(each) for each in ours()):
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        for each in ours():
            say(kind="entity", **describe(hass, each))

        @core.callback  # in order
        def changed(event):
            state = event.data["new_state"]
            if "earshot" in event.data["entity_id"] and state is not None:
                kept = {key: state.attributes.get(key) for key in ("event_type", "label", "phase", "late", "event_id")}
                say(kind="state", entity=event.data["entity_id"], state=state.state,
                    attributes={key: value for key, value in kept.items() if value is not None})
            elif state is None:
                say(kind="gone", entity=event.data["entity_id"])

        hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
        end = asyncio.Event()
        await mqtt.async_subscribe(hass, "end", lambda message: end.set())
        say(kind="listening")
        await asyncio.wait_for(end.wait(), 120)
        await hass.async_stop(force=True)


asyncio.run(main(*(int(each) for each in sys.argv[1:4])))
